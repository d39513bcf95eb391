"""What a reader of the site unfolds.

Solutions and what a quiz says of each answer stand at the end of their chapter, the code of cells
that show only what they made at the end of the book.
Where these were, the text names the page on which they stand.
"""

import copy

from bs4 import Tag

from bookbuild.notebooks import INJECTED
from bookbuild.printing.markup import element, folio, text_of

EXERCISE = 12  # paragraphs above a solution among which its exercise is looked for


def move_to_the_back(body: Tag, name: str) -> None:
    """Unfold a chapter, in place.

    Parameters
    ----------
    body : bs4.Tag
        The chapter. Its last part, which bears its title, is the code: ``section.small``.
    name : str
        What the ids in the chapter begin with.
    """
    solutions, answers, code = [], [], []
    _move_cells(body, name, solutions, code)
    _move_answers(body, name, answers)
    for fold in body.find_all("details"):
        if fold.summary:
            fold.summary.name = "p"
        fold.unwrap()
    for title, part, kind in (
        ("Solutions", solutions, "back"),
        ("Answers to the quiz", answers, "back"),
        (text_of(body.h1), code, "small"),
    ):
        if part:
            body.append(element("section", element("h2", title), *part, kind=kind))


def _move_cells(body: Tag, name: str, solutions: list[Tag], code: list[Tag]) -> None:
    for number, fold in enumerate(body.select("div.cell > details.hide"), start=1):
        cell, place = fold.parent, f"{name}-fold{number}"
        fold.summary.decompose()
        fold.name, fold.attrs = "div", {}
        tags = cell["class"]
        if "tag_parameters" in tags:
            cell.insert_before(element("p", element("code", "parameters"), kind="see"))
            continue
        if "tag_hide-cell" in tags:
            heading, what, part, moved = _exercise(cell), "Solution", solutions, cell
        elif "tag_hide-input" in tags and f"tag_{INJECTED}" not in tags:
            heading, what, part, moved = _section(cell), "Code", code, fold
        else:
            continue
        moved["id"] = place
        if heading not in (text_of(each) for each in part if each.name == "h3"):
            part.append(element("h3", heading))
        before = cell.find_previous_sibling()
        if before is None or not text_of(before).startswith(f"{what}: page"):
            kind = f"see {what.lower()}"
            cell.insert_before(element("p", f"{what}: page ", folio(place), kind=kind))
        part.append(moved.extract())
        if not (text_of(cell) or cell.img):
            cell.extract()


def _move_answers(body: Tag, name: str, answers: list[Tag]) -> None:
    """Make a list of each question's choices; what is said of them goes to the back."""
    for first in body.select("details:not(details + details)"):
        choices = [first]
        while getattr(after := choices[-1].find_next_sibling(), "name", "") == "details":
            choices.append(after)
        question = first.find_previous_sibling("p")
        if len(choices) == 1 or question is None:
            continue
        offered, said = (element("ol", kind="choices") for _ in range(2))
        asked = copy.copy(question)
        if not answers:
            place = asked["id"] = f"{name}-answers"
            note = element("p", "What each answer says: page ", folio(place), kind="see answers")
            question.insert_before(note)
        first.insert_before(offered)
        for choice in choices:
            words = choice.summary.extract()
            offered.append(element("li", *copy.copy(words).contents[:]))
            said.append(element("li", element("em", *words.contents[:]), " ", *choice.contents[:]))
            choice.decompose()
        answers += [asked, said]


def _exercise(cell: Tag) -> str:
    """Return the words in bold with which the exercise above a cell begins."""
    for paragraph in cell.find_all_previous("p", limit=EXERCISE):
        first = next((each for each in paragraph.contents if str(each).strip()), None)
        if getattr(first, "name", None) == "strong":
            return text_of(first)
    return _section(cell)


def _section(cell: Tag) -> str:
    """Return the heading above a cell."""
    return text_of(cell.find_previous(["h1", "h2", "h3"]))

"""The site's style sheets without the rules that nothing on it can ask for."""

import re
from collections.abc import Iterable, Iterator, Set
from pathlib import Path

import tinycss2
from tinycss2.ast import Node, QualifiedRule

WORD = re.compile(r"[\w-]+")
BYTES_TOO = ("utf-8", "surrogateescape")  # what is not UTF-8 stays as it is
GROUPS = ("media", "supports")  # rules that hold rules


def trim(site: Path) -> None:
    """Take out the rules for classes and ids of which no page and no script says a word.

    A script may put names together: one that begins as a word ending in a hyphen does is kept.
    """
    words: set[str] = set()
    for file in (*site.rglob("*.html"), *site.rglob("*.js")):
        words.update(WORD.findall(file.read_text("utf-8", "replace")))
    for sheet in site.rglob("*.css"):
        rules = tinycss2.parse_stylesheet(sheet.read_text(*BYTES_TOO))
        sheet.write_text(tinycss2.serialize(_used(rules, words)), *BYTES_TOO)


def _used(rules: Iterable[Node], words: Set[str]) -> Iterator[Node]:
    for rule in rules:
        if rule.type == "at-rule" and rule.at_keyword in GROUPS:
            rule.content = [*_used(tinycss2.parse_rule_list(rule.content), words)]
            if any(each.type != "whitespace" for each in rule.content):
                yield rule
        elif rule.type == "qualified-rule":
            if _is_used(rule, words):
                yield rule
        elif rule.type != "error":  # what browsers pass over, too
            yield rule


def _is_used(rule: QualifiedRule, words: Set[str]) -> bool:
    """Tell whether all names of one of its selectors appear; inside :not() and the like all may."""
    selectors: list[list[str]] = [[]]
    for before, token in zip([None, *rule.prelude], rule.prelude, strict=False):
        if token == ",":
            selectors.append([])
        elif token.type == "hash" or (token.type == "ident" and before == "."):
            selectors[-1].append(token.value)
    return any(all(_appears(name, words) for name in names) for names in selectors)


def _appears(name: str, words: Set[str]) -> bool:
    beginnings = (name[: hyphen.end()] for hyphen in re.finditer("-", name))
    return name in words or not words.isdisjoint(beginnings)

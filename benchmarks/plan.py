"""What a run measures: every part lists its jobs from the same plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from benchmarks.contenders import CONTENDERS
from benchmarks.networks import NETWORKS
from benchmarks.reducers import METHODS, REDUCERS
from benchmarks.rounds import Job
from rnn_utils import Recipe

SIZES = ("batch_size", "n_hidden", "n_steps")
GROWTH_NETWORK = "basic"
GROWTH_SAMPLES = 50_000  # at most, in a pass
GPU = "gpu"  # the part that needs one


@dataclass(frozen=True)
class Plan:
    """Who takes part, at what size, how often."""

    contenders: tuple[str, ...] = tuple(CONTENDERS)
    networks: tuple[str, ...] = tuple(NETWORKS)
    reducers: tuple[str, ...] = tuple(REDUCERS)
    recipe: Recipe = field(default_factory=Recipe)
    rounds: int = 3
    passes: int = 3  # timed in each process, at least
    seconds: float = 2.0  # for which a process goes on timing passes
    digits: int = 70_000  # to be reduced
    growth: tuple[tuple[int, ...], ...] = (  # the values that each of SIZES takes
        (125, 500, 2000),
        (32, 64, 128),
        (8, 16, 32),
    )


QUICK = Plan(
    recipe=Recipe(n_hidden=8, n_steps=4, batch_size=20, iterations=2),
    rounds=1,
    passes=1,
    seconds=0.0,
    digits=500,
    growth=((10, 20), (8, 16), (4, 8)),
)


def speed_jobs(plan: Plan) -> list[Job]:
    """List the limit, and every network with every contender."""
    return [{"measure": "sgemm"}] + [
        training_job(plan, contender, network, plan.recipe)
        for network in plan.networks
        for contender in plan.contenders
    ]


def reduction_jobs(plan: Plan) -> list[Job]:
    """List both ways to reduce with every library, and a plain copy."""
    return [
        {
            "measure": "reduction",
            "reducer": reducer,
            "method": method,
            "count": plan.digits,
            "passes": plan.passes,
            "seconds": plan.seconds,
        }
        for method in METHODS
        for reducer in plan.reducers
    ]


def growth_jobs(plan: Plan) -> list[Job]:
    """List one network at growing sizes, one size at a time, with every contender."""
    recipes = dict.fromkeys(
        resized(plan.recipe, size, value)
        for size, values in zip(SIZES, plan.growth, strict=True)
        for value in values
    )
    return [
        training_job(plan, contender, GROWTH_NETWORK, recipe)
        for recipe in recipes
        for contender in plan.contenders
    ]


def resized(recipe: Recipe, size: str, value: int) -> Recipe:
    """Change one size of a recipe, with fewer updates where they would read too many digits."""
    changed = replace(recipe, **{size: value})
    return replace(changed, iterations=min(recipe.iterations, GROWTH_SAMPLES // changed.batch_size))


def gpu_jobs(plan: Plan) -> list[Job]:
    """List every network with every contender, on a GPU, where passes are short."""
    return [
        {**training_job(plan, contender, network, plan.recipe), "device": GPU, "seconds": 0.5}
        for network in plan.networks
        for contender in plan.contenders
    ]


def training_job(plan: Plan, contender: str, network: str, recipe: Recipe) -> Job:
    """Return the job that measures one contender on one network."""
    return {
        "measure": "training",
        "contender": contender,
        "network": network,
        "recipe": asdict(recipe),
        "passes": plan.passes,
        "seconds": plan.seconds,
    }


PARTS: dict[str, Callable[[Plan], list[Job]]] = {
    "speed": speed_jobs,
    GPU: gpu_jobs,
    "reduction": reduction_jobs,
    "growth": growth_jobs,
}

"""What the forecasts' modules offer says what it takes, what it gives, and where it comes from."""

import dataclasses
import inspect
import re

import pytest

from bilan import adoption, forecasts, programme, ranking, scoring, track

#: What was taken from the literature, and what carries it to the review.
METHODS = (adoption, ranking, scoring)
MODULES = (*METHODS, forecasts, programme, track)
DOI = re.compile(r"https://doi\.org/10\.\d{4,9}/\S+")


def offered(module):
    """Yield name and object of the public functions, classes and methods written in a module."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield name, thing
        if inspect.isclass(thing):
            for method, function in vars(thing).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}", function


OFFERED = {f"{m.__name__}.{name}": thing for m in MODULES for name, thing in offered(m)}


def sections(thing) -> dict[str, str]:
    """Return the sections of a numpy docstring by title; the summary is under ''."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}\n", inspect.getdoc(thing) or "", flags=re.M)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def described(section: str) -> dict[str, str]:
    """Return what a section says of each name; a line may name several."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", section.strip()):
        head, _, rest = entry.partition("\n")
        names, _, kind = head.partition(" : ")
        found |= dict.fromkeys(re.split(r",\s*", names), f"{kind}\n{rest}".strip())
    return found


def test_there_is_something_to_read():
    assert len(OFFERED) > 20
    assert {"bilan.adoption.Model.quantiles", "bilan.scoring.rolling_ranks"} <= set(OFFERED)


@pytest.mark.parametrize("module", METHODS, ids=lambda m: m.__name__)
def test_a_module_names_its_papers(module):
    assert len(DOI.findall(module.__doc__)) >= 2


@pytest.mark.parametrize("name", OFFERED)
def test_a_summary_is_one_sentence(name):
    first = sections(OFFERED[name])[""].strip().splitlines()[0]
    assert first[0].isupper() and first.endswith("."), first


FUNCTIONS = {n: t for n, t in OFFERED.items() if inspect.isfunction(t)}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_describes_each_parameter_and_no_other(name):
    wanted = [p for p in inspect.signature(FUNCTIONS[name]).parameters if p != "self"]
    told = described(sections(FUNCTIONS[name]).get("Parameters", ""))
    assert sorted(filter(None, told)) == sorted(wanted)
    assert all(told[p] for p in wanted), told


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_says_what_it_returns(name):
    returned = sections(FUNCTIONS[name])["Returns"]
    kind, text = returned.strip().partition("\n")[::2]
    if "ndarray" in kind:
        assert "shape (" in kind, kind
        assert text.strip(), f"{name}: no unit or meaning"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_that_refuses_says_when(name):
    """Its own `raise`, or that of a check it calls, stands in the docstring."""
    source = inspect.getsource(FUNCTIONS[name])
    checks = re.search(
        r"raise ValueError|_checked|pinball\(|_aligned\(|_ranked\(|_column\(|day_numbers\(|fit\(",
        source,
    )
    if checks:
        assert "ValueError" in sections(FUNCTIONS[name]).get("Raises", ""), checks.group()


CLASSES = {n: t for n, t in OFFERED.items() if inspect.isclass(t)}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_describes_its_fields(name):
    told = described(sections(CLASSES[name])["Attributes"])
    fields = [f.name for f in dataclasses.fields(CLASSES[name])]
    assert sorted(filter(None, told)) == sorted(fields)
    arrays = [f.name for f in dataclasses.fields(CLASSES[name]) if "ndarray" in str(f.type)]
    assert all("shape (" in told[f] for f in arrays)

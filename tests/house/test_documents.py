"""README, ARCHITECTURE and the tree agree."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    lines = [line for line in read(name).splitlines() if line and line[0] not in "#-"]
    return dict(line.split("==", 1) for line in lines)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned_when_read(name):
    lines = [line for line in read(name).splitlines() if line and line[0] not in "#-"]
    assert all(re.fullmatch(r"[\w.\-\[\]]+==[\w.]+", line) for line in lines), lines


@pytest.mark.parametrize("package", [*pinned("requirements.txt"), *pinned("requirements-dev.txt")])
def test_architecture_gives_a_reason_when_a_package_is_required(package):
    assert f"`{package.split('[')[0]}`" in read("ARCHITECTURE.md")


@pytest.mark.parametrize("marker", ["demo", "tests"])
def test_readme_holds_one_line_when_a_fresh_machine_needs_it(marker):
    block = re.search(rf"<!-- {marker} -->\n```bash\n(.*?)```", read("README.md"), re.DOTALL)
    assert block is not None
    assert len(block.group(1).strip().splitlines()) == 1


def test_links_lead_somewhere_when_they_point_into_the_tree():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_package_of_the_app_stands_in_the_map_when_read():
    rooms = {path.name for path in (ROOT / "ml_training").iterdir() if path.name[0] not in "_."}
    text = read("ARCHITECTURE.md")
    missing = {room for room in rooms if room.removesuffix(".py") not in text}
    assert missing == set()

"""Every reason for which a reader sets a record aside is told in French too."""

import ast
from pathlib import Path

import pytest

import ecluse.adapters.sources
from ecluse.control.report_reasons import in_french

READERS = Path(ecluse.adapters.sources.__file__).parent
BEGIN = ("a ", "an ", "bytes ", "half ", "nested ", "no JSON", "no message", "no CDA", "no well-formed", "more than", "text outside", "MSH-")
GIVERS = {"_faults", "_fault", "_aside", "_bytes_at", "SetAside", "aside", "RefusedError", "_refused"}


def reasons(path: Path) -> set[str]:
    """Texts given to what sets aside, returned as the second of a pair, or assigned to a reason."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        parts: list[ast.AST] = []
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in GIVERS:
                parts = list(node.args)
            case ast.Assign(targets=[ast.Name(id="reason") | ast.Name(id="words") | ast.Name(id="why") | ast.Attribute(attr="reason"), *_]):
                parts = [node.value]
            case ast.Return(value=value) if value is not None:
                parts = [value]
        for part in parts:
            pieces = {id(v) for each in ast.walk(part) if isinstance(each, ast.JoinedStr) for v in each.values}
            for each in ast.walk(part):
                if id(each) in pieces:
                    continue
                if isinstance(each, ast.JoinedStr):
                    found.add("".join(v.value if isinstance(v, ast.Constant) else "7" for v in each.values))  # type: ignore[misc]
                elif isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found.add(each.value)
    return {text for text in found if text.startswith(BEGIN) and " " in text}


@pytest.mark.parametrize("name", ["_hl7v2_messages", "_hl7v2_blocks", "_segments", "_hprim_medecin", "_json", "_dbase", "_fixed", "_cda", "_cda_text", "_cda_tree", "_access"])
def test_each_reason_has_french(name: str) -> None:
    said = reasons(READERS / f"{name}.py")
    if name in {"_dbase", "_fixed"}:
        said.add("bytes outside the declared encoding")
    assert said
    assert {text for text in said if in_french(text) == text} == set()

"""CDA documents for tests, as a laboratory's system might write them, and the parts they are made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def attribute(text: str) -> str:
    """A quoted attribute whose line ends and tabs survive XML's normalising."""
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def told(text: str) -> str:
    """Character data whose carriage returns survive."""
    return escape(text, {"\r": "&#13;"})


def element(name: str, *inner: str, **attributes: str | None) -> str:
    """An element; ``xsi__type`` is ``xsi:type``, None leaves an attribute out."""
    given = "".join(
        f" {key.replace('__', ':')}={attribute(text)}" for key, text in attributes.items() if text is not None
    )
    return f"<{name}{given}>{''.join(inner)}</{name}>" if inner else f"<{name}{given}/>"


@dataclass(frozen=True)
class Report:
    """One report; ``entries`` is XML within its one section's ``entry/act``, ``text`` that of its narrative."""

    number: str = "1.2.3.1"
    request: tuple[str, str | None] | None = ("1.2.3.9", "R1")
    patient: Sequence[tuple[str, str | None]] = (("1.2.3.8", "P1"),)
    received: str = "20240104092200+0100"
    version: tuple[str, str] | None = None
    laboratory: tuple[str, str, str] = ("1.2.250.1.71.4.2.2", "1350005179", "Labo")
    person: str = "<name><family qualifier='BR'>DUPONT</family><given>Anne</given></name>"
    born: str | None = "19800229"
    entries: str = ""
    text: str = ""
    namespaces: Mapping[str, str] = field(default_factory=lambda: {"xmlns": HL7, "xmlns:xsi": XSI})

    def xml(self, encoding: str = "UTF-8") -> str:
        root, extension = self.request or ("", None)
        service = element("id", root=root, extension=extension) if self.request else ""
        given = "".join(f" {name}={attribute(uri)}" for name, uri in self.namespaces.items())
        birth = element("birthTime", value=self.born) if self.born is not None else ""
        code, finess, name = self.laboratory
        return (
            f'<?xml version="1.0" encoding="{encoding}"?>\n<ClinicalDocument{given}>'
            + element("id", **({"root": self.number} if self.number else {"nullFlavor": "NI"}))
            + '<code code="11502-2" codeSystem="2.16.840.1.113883.6.1"/><title>Compte rendu</title>'
            + '<effectiveTime value="20240104160527+0100"/>'
            + (element("setId", root=self.version[0]) + element("versionNumber", value=self.version[1]) if self.version else "")
            + "<recordTarget><patientRole>"
            + "".join(element("id", root=r, extension=e) for r, e in self.patient)
            + f"<patient>{self.person}<administrativeGenderCode code='F'/>{birth}</patient></patientRole></recordTarget>"
            + "<custodian><assignedCustodian><representedCustodianOrganization>"
            + element("id", root=code, extension=finess) + f"<name>{told(name)}</name>"
            + "</representedCustodianOrganization></assignedCustodian></custodian>"
            + "<documentationOf><serviceEvent>" + service
            + f"<effectiveTime>{element('low', value=self.received)}</effectiveTime></serviceEvent></documentationOf>"
            + "<component><structuredBody><component><section><title>S</title>"
            + f"<text>{self.text}</text><entry typeCode='DRIV'><act classCode='ACT' moodCode='EVN'>{self.entries}</act></entry>"
            + "</section></component></structuredBody></component></ClinicalDocument>\n"
        )  # fmt: skip


def observation(code: str, value: str, *more: str, time: str = "20240104131933+0100", relation: str = "COMP") -> str:
    """A result within an entry's act."""
    return element(
        "entryRelationship",
        element("observation", element("code", code=code, codeSystem="2.16.840.1.113883.6.1", displayName=f"name of {code}"),
                element("statusCode", code="completed"), element("effectiveTime", value=time), value, *more),
        typeCode=relation,
    )  # fmt: skip


def quantity(value: str, unit: str = "g/L") -> str:
    return element("value", xsi__type="PQ", value=value, unit=unit)

"""Fictional persons: names, numbers and addresses that belong to nobody.

Numbers of the register of persons have a commune that does not exist (990 to 999), telephones lie in the ranges kept for
fiction (ARCEP: 01 99 00, 06 39 98), mail addresses under ``.example`` (RFC 2606).
"""
# ruff: noqa: E501, SIM905 a line of a template is a line of the file it makes

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bench.blind.dice import Dice

FAMILY = (
    (
        "Lefèvre Garnier Moreau Dubois Fontaine Chevalier Bertrand Rousseau Le_Gall Perrin Benali Caron Nguyen Marchand da_Silva"
        " Boucher Traoré Lemoine Kowalski Barbier Haddad Renard Ferreira Colin Diallo Vasseur Öztürk Gaillard O'Connor Poirier"
        " de_La_Tour Besnard Schneider Le_Bihan Mercier Cissé Guérin Lopez Tanguy Meunier Ben_Amar Jacquet Petitjean Roy Abadie"
        " Masson Delacroix Picard Hoarau Leclercq Zidi Hervé Weber Carpentier Tran Aubry Sanchez Maillard N'Diaye Baudry"
        " d'Arcy Pons Martinez-Roux Lebrun Étienne Rossi Vidal Coulibaly Brunet Hamon Schmitt Pichon Lacroix Belkacem Dupuy"
        " Morvan Rey Klein Dos_Santos Blanchard Prévost Legrand Ba Chauvin Kaya Drouet Ivanov Gilbert Pham Maurice Yılmaz"
        " Laurent Fall Simon Konaté Robin Bianchi Gérard Popescu Martin Lam Bernard Touré Thomas Sow Petit Duval Richard"
    )
    .replace("_", "\N{NO-BREAK SPACE}")
    .split(" ")
)
FAMILY = [name.replace("\N{NO-BREAK SPACE}", " ") for name in FAMILY]
WOMEN = (
    "Marie Jeanne Françoise Monique Nathalie Isabelle Sylvie Catherine Martine Aïcha Christine Fatima Valérie Léa Sandrine"
    " Hélène Stéphanie Céline Manon Thi-Lan Chloé Anne-Sophie Zoé Ingrid Yasmine Odile Khadija Solène Mélanie Rokia"
    " Jacqueline Geneviève Élodie Inès Louise Agnieszka Noémie Colette Salomé Maria Bérengère Nadia Maëlys Simone"
).split()
MEN = (
    "Jean Pierre Michel André Philippe René Alain Mohamed Bernard Jacques Daniel Éric Nicolas Amadou Laurent Christophe"
    " Julien Sébastien Thierry Olivier Jean-Pierre Antoine Mehdi François Loïc Gaël Ousmane Raphaël Lucas José Marcel"
    " Hugo Yann Mathis Tomasz Gabriel Étienne Rayan Bruno Maxime Karim Théo Gérard Noël"
).split()
_STREETS = (
    "rue des Tilleuls;impasse du Moulin;avenue de la Gare;chemin des Vignes;place du Marché;rue Pasteur;allée des Acacias;"
    "boulevard Carnot;rue de l'Église;quai des Bateliers;route de Redon;lotissement Les Pins;rue du 8 Mai 1945;hameau de Kerlan"
).split(";")
_TOWNS = (
    "35000 RENNES;44600 SAINT-NAZAIRE;56100 LORIENT;49300 CHOLET;72000 LE MANS;53000 LAVAL;22300 LANNION;45200 MONTARGIS;"
    "18000 BOURGES;41100 VENDÔME;36000 CHÂTEAUROUX;37500 CHINON;28100 DREUX;27000 ÉVREUX"
).split(";")
_CORSICA = 20
_DEPARTMENTS = [f"{n:02}" for n in range(1, 96) if n != _CORSICA] + ["2A", "2B"]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    family: str
    given: str
    birth: dt.date
    sex: str
    nir: str
    ipp: str
    street: str
    postcode: str
    town: str
    phone: str
    maiden: str

    @property
    def mail(self) -> str:
        """A mail address."""
        plain = f"{self.given}.{self.family}".lower().replace(" ", "").replace("'", "")
        return plain.translate(_ASCII) + "@courrier.example"

    @property
    def title(self) -> str:
        """As a letter addresses her or him."""
        return "Mme" if self.sex == "F" else "M."


_ASCII = str.maketrans("àâäçéèêëîïôöùûüÿı", "aaaceeeeiioouuuyi")


def person(dice: Dice, oldest: int = 1925, youngest: int = 2019) -> Person:
    """Somebody."""
    woman = dice.chance(0.53)
    birth = dice.day(oldest, youngest)
    postcode, town = dice.pick(_TOWNS).split(" ", 1)
    return Person(
        family=dice.pick(FAMILY),
        given=dice.pick(WOMEN if woman else MEN),
        birth=birth,
        sex="F" if woman else "M",
        nir=_nir(dice, birth, woman=woman),
        ipp=dice.digits(8),
        street=f"{dice.between(1, 180)} {dice.pick(_STREETS)}",
        postcode=postcode,
        town=town,
        phone=dice.any(("019900", "063998")) + f"{dice.between(0, 9999):04}",
        maiden=dice.pick(FAMILY) if woman and dice.chance(0.4) else "",
    )


def persons(dice: Dice, count: int) -> Sequence[Person]:
    """So many."""
    return [person(dice) for _ in range(count)]


def _nir(dice: Dice, birth: dt.date, *, woman: bool) -> str:
    """15 characters with the key (97 less the number modulo 97; Corsica's letters as 19 and 18)."""
    body = f"{2 if woman else 1}{birth:%y%m}{dice.any(_DEPARTMENTS)}{dice.between(990, 999)}{dice.between(1, 999):03}"
    return f"{body}{97 - int(body.replace('2A', '19').replace('2B', '18')) % 97:02}"


DATES = ("%d/%m/%Y", "%Y%m%d", "%d-%m-%Y", "%Y-%m-%d", "%d.%m.%Y", "%d%m%Y", "%d/%m/%y", "%Y/%m/%d")
"""Forms in which systems write a day, the same in both halves."""


def doctor(dice: Dice) -> str:
    """A prescriber's name."""
    return f"Dr {dice.pick(FAMILY)}"


ANALYSES = (
    ("GLY", "Glycémie à jeun", "g/L", 0.7, 1.4, "2339-0"),
    ("HB", "Hémoglobine", "g/dL", 9, 17, "718-7"),
    ("TSH", "TSH ultrasensible", "mUI/L", 0.1, 8, "3016-3"),
    ("CREA", "Créatinine", "µmol/L", 45, 160, "2160-0"),
    ("K", "Potassium", "mmol/L", 3, 6, "2823-3"),
    ("CRP", "Protéine C réactive", "mg/L", 1, 90, "1988-5"),
    ("FER", "Ferritine", "µg/L", 8, 400, "2276-4"),
    ("CHOL", "Cholestérol total", "g/L", 1.2, 3.1, "2093-3"),
    ("INR", "INR", "", 0.9, 4, "6301-6"),
    ("PSA", "PSA total", "ng/mL", 0.2, 9, "2857-1"),
    ("PLQ", "Plaquettes", "G/L", 90, 480, "777-3"),
    ("HBA", "Hémoglobine glyquée", "%", 4.5, 11, "4548-4"),
    ("BHCG", "hCG totale", "UI/L", 1, 9000, "21198-7"),
    ("LEU", "Leucocytes", "G/L", 2, 19, "6690-2"),
)
"""Code, label, unit, least, most, LOINC."""


def result(dice: Dice) -> tuple[str, str, str, str, str]:
    """Code, label, value, unit, LOINC."""
    code, label, unit, low, high, loinc = dice.pick(ANALYSES)
    return code, label, dice.decimal(low, high, 2), unit, loinc

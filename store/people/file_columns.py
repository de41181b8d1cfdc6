"""Which column of a people file holds which field: by its heading, or by a mapping.

Nothing is guessed silently. What was read as what, and what was not read, is part of the answer; a
heading that looks like a field which no column holds is asked about.
"""

import codecs
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from domain.errors import Invalid

LARGEST_MAPPING = 64 * 1024

FIELDS: Mapping[str, tuple[str, ...]] = {
    # our name: the headings under which it is found when no mapping names one, in the order in
    # which they count: letters and digits alone, without accents. English as HR systems export it,
    # then German, French and Spanish.
    "employee_id": (
        *("employeeid", "employeenumber", "employeeno", "empid", "personid", "personnelnumber"),
        *("staffid", "workerid", "associateid", "userid", "employeereference", "employee", "id"),
        *("personalnummer", "mitarbeiternummer", "matricule", "numerodeempleado", "idempleado"),
    ),
    "first_name": (
        *("firstname", "givenname", "forename", "legalfirstname"),
        *("vorname", "prenom", "nombre"),
    ),
    "last_name": (
        *("lastname", "familyname", "surname", "legallastname"),
        *("nachname", "familienname", "nom", "nomdefamille", "apellido", "apellidos"),
    ),
    "full_name": ("fullname", "employeename", "displayname", "name"),
    "email": (  # an address at work before one that may be anybody's own
        *("workemail", "workemailaddress", "primaryworkemail", "emailwork", "businessemail"),
        *("companyemail", "email", "emailaddress", "emailid", "mail"),
        *("emailadresse", "courriel", "adresseemail", "adressemail"),
        *("correo", "correoelectronico"),
    ),
    "phone": ("phone", "telephone", "phonenumber", "workphone"),
    "hire_date": (
        *("hiredate", "dateofhire", "startdate", "joiningdate", "dateofjoining", "hiredon"),
        *("hired", "originalhiredate"),
        *("eintrittsdatum", "einstellungsdatum", "datedembauche", "datedentree"),
        *("fechadeingreso", "fechadealta", "fechadecontratacion"),
    ),
    "job_title": ("jobtitle", "title", "position", "poste", "puesto"),
    "level": ("level", "grade", "joblevel"),
    "manager_id": (
        *("managerid", "manageremployeeid", "manageremployeenumber", "managernumber"),
        *("managerpersonid", "manageruserid", "linemanagerid", "reportingmanagerid"),
        *("supervisorid", "supervisoremployeeid", "supervisoremployeenumber"),
        *("reportstoid", "reportstoemployeeid", "reportstoassociateid"),
    ),
    "manager_email": (
        *("manageremail", "managermail", "manageremailaddress", "manageremailid"),
        *("managerworkemail", "linemanageremail", "reportingmanageremail", "supervisoremail"),
        *("reportstoemail",),
    ),
    "manager": (
        *("manager", "managername", "linemanager", "linemanagername", "reportingmanager"),
        *("reportingmanagername", "directmanager", "workersmanager", "supervisor"),
        *("supervisorname", "reportsto", "reportstoname", "reportingto"),
        *("vorgesetzter", "vorgesetzte", "fuhrungskraft"),
        *("responsable", "responsablehierarchique", "jefe", "jefedirecto"),
    ),
    "department": ("department", "team", "orgunit", "abteilung", "departement", "departamento"),
    "office": ("city", "office", "location", "site", "worklocation", "standort", "oficina"),
    "country": ("country", "countrycode", "land", "pays", "pais"),
    "time_zone": ("timezone", "zone"),
    "work_days": ("workdays", "workweek"),
    "projects": ("projects", "project"),
    "employment": ("employment", "employmenttype", "contracttype"),
    "language": ("language", "preferredlanguage"),
    "status": (
        *("status", "employeestatus", "employmentstatus", "workerstatus", "positionstatus"),
        *("lifecyclestatus", "statut"),
    ),
    "left_on": (
        *("lefton", "leavingdate", "terminationdate", "dateofleaving", "exitdate", "dateofexit"),
        *("lastdayofwork", "lastworkingday", "austrittsdatum", "datedesortie", "datededepart"),
        *("fechadebaja", "fechadesalida"),
    ),
}
REQUIRED = ("employee_id", "first_name", "last_name", "email", "hire_date")
NAMES = ("first_name", "last_name")
"""Of which `full_name` takes the place."""

MANAGERS = ("manager_id", "manager_email", "manager")
"""In which order they count: an id is surer than an address, an address surer than a name."""

SUSPICIOUS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    MANAGERS: (
        *("manager", "supervis", "superior", "reportsto", "reportingto", "boss", "teamlead"),
        *("approver", "vorgesetzt", "fuhrungskraft", "leiter", "responsab", "hierarch"),
        *("encargad", "jefe", "chef", "leidinggevende", "capo", "n1"),
    ),
    ("status", "left_on"): (
        *("status", "statut", "terminat", "leaving", "lastday", "exit", "enddate", "inactive"),
        *("austritt", "sortie", "depart", "baja", "salida", "uitdienst", "cessazione"),
    ),
    ("left_on",): (
        *("terminationdate", "dateofterminat", "leavingdate", "exitdate", "lastday", "enddate"),
        *("austritt", "sortie", "fechadebaja", "uitdienst"),
    ),
}
"""What a heading contains that may well be one of these fields. Only asked about where no column
holds any of them: a file without managers or leavers changes nothing about them, and that is
hardly meant where such a column exists. A day of leaving is asked about beside a state, too: else
whoever leaves next month would have left today."""

DATE_FORMATS: Mapping[str, str] = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "DD-MM-YYYY": "%d-%m-%Y",
}


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """What is wrong in the file. Row 1 is the headings; row 0 means the file as a whole.

    The texts quote employee ids and what stands for a day or a state, never an address or a name.
    """

    row: int
    column: str
    code: str
    message: str
    hint: str = ""

    def as_dict(self) -> dict[str, object]:
        """The same for an API answer or a page."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """How a file is to be read, where that cannot be seen from it.

    Attributes:
        columns: field: heading.
        date_format: one of DATE_FORMATS.
        values: field: {what stands in the file, lower case: what it means}.
        ignore: headings that are no field, though they look like one.
        encoding: the name of a code page; empty where it is to be recognised.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str = "YYYY-MM-DD"
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    encoding: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where each field stands, and which headings were not read."""

    places: Mapping[str, int]
    ignored: tuple[str, ...]
    problems: tuple[ImportProblem, ...]


def parse_mapping(source: str | Mapping[str, object]) -> ColumnMapping:
    """Read a mapping: `field: heading`, and `date_format`, `values`, `ignore`, `encoding`.

    `source` is the text of a YAML file or a mapping. Raises Invalid with every problem.
    """
    content = dict(_yaml(source) if isinstance(source, str) else source)
    problems: list[str] = []
    date_format = str(content.pop("date_format", "YYYY-MM-DD"))
    if date_format not in DATE_FORMATS:
        problems.append(f"date_format: one of {', '.join(DATE_FORMATS)}")
    encoding = str(content.pop("encoding", ""))
    if encoding and not is_encoding(encoding):
        problems.append("encoding: no code page of this name; `windows-1250`, for example")
    ignore = _headings(content.pop("ignore", []), problems)
    values = _values(content.pop("values", {}), problems)
    columns: dict[str, str] = {}
    for key, value in content.items():
        if not isinstance(value, str) or not value.strip():
            problems.append(f"{key}: must name a column heading")
        elif key in FIELDS:
            columns[key] = value
        else:
            problems.append(f"{key}: not a field; fields are {', '.join(FIELDS)}")
    if problems:
        raise Invalid(
            "The column mapping cannot be used.",
            tuple(ImportProblem(0, "", "mapping", each).as_dict() for each in problems),
        )
    return ColumnMapping(columns, date_format, values, ignore, encoding)


def is_encoding(name: str) -> bool:
    """Whether this names a code page of texts."""
    try:
        return "é".encode(codecs.lookup(name).name, "replace") is not None
    except (LookupError, ValueError, TypeError):
        return False


def find_columns(headings: Sequence[str], mapping: ColumnMapping) -> Columns:
    """In which column each field stands. What is wrong or unclear is in `problems`."""
    seen, problems = _by_name(headings)
    places = dict(_mapped(seen, mapping, problems))
    taken = set(places.values()) | {seen[n] for n in map(_plain, mapping.ignore) if n in seen}
    for name, synonyms in FIELDS.items():
        if name in mapping.columns or (name == "full_name" and set(NAMES) & places.keys()):
            continue
        found = next((seen[s] for s in synonyms if s in seen and seen[s] not in taken), None)
        if found is not None:
            places[name] = found
            taken.add(found)
    if not set(places) - {"full_name"}:
        message = "The first row holds no heading that is known."
        hint = (
            f"It must name the columns: {', '.join(REQUIRED)}. Remove lines above it, or say with "
            "a mapping which column is which: `employee_id: HEADING`, for example."
        )
        problems.append(ImportProblem(1, "", "header", message, hint))
        return Columns({}, (), tuple(problems))
    ignored = tuple(h.strip() for n, h in enumerate(headings) if n not in taken and h.strip())
    problems += _missing(places, ignored, mapping)
    problems += _unclear(places, ignored, mapping)
    return Columns(places, ignored, tuple(problems))


def _by_name(headings: Sequence[str]) -> tuple[dict[str, int], list[ImportProblem]]:
    seen: dict[str, int] = {}
    problems = []
    for place, heading in enumerate(headings):
        name = _plain(heading)
        if name and name in seen:
            message = f"Two columns are called {heading.strip()!r}."
            if headings[seen[name]].strip() != heading.strip():
                first = headings[seen[name]].strip()
                message = f"The columns {first!r} and {heading.strip()!r} have the same name."
            problems.append(ImportProblem(1, heading.strip(), "header", message))
        if name:
            seen.setdefault(name, place)
    return seen, problems


def _mapped(
    seen: Mapping[str, int], mapping: ColumnMapping, problems: list[ImportProblem]
) -> list[tuple[str, int]]:
    places = []
    for name, wanted in mapping.columns.items():
        if _plain(wanted) in seen:
            places.append((name, seen[_plain(wanted)]))
        else:
            message = f"The mapping reads {name} from {wanted!r}, which is no column."
            problems.append(ImportProblem(1, wanted, "header", message))
    return places


def _missing(
    places: Mapping[str, int], ignored: Sequence[str], mapping: ColumnMapping
) -> list[ImportProblem]:
    """Required fields that no column holds, with the heading that comes nearest."""
    by_name = {_plain(heading): heading for heading in ignored}
    problems = []
    for name in REQUIRED:
        named = name in NAMES and "full_name" in places
        if name in places or name in mapping.columns or named:
            continue
        near = get_close_matches(_plain(name), by_name, n=1, cutoff=0.6)
        written = in_mapping(by_name[near[0]]) if near else "HEADING"
        hint = f"Add it, or say with a mapping which column it is: `{name}: {written}`."
        problems.append(ImportProblem(1, name, "header", f"No column holds {name}.", hint))
    return problems


def _unclear(
    places: Mapping[str, int], ignored: Sequence[str], mapping: ColumnMapping
) -> list[ImportProblem]:
    """Headings that look like a field that no column holds: the file's author knows."""
    left_out = {_plain(heading) for heading in mapping.ignore}
    problems = []
    for names, parts in SUSPICIOUS.items():
        if any(name in places for name in names):
            continue
        for heading in ignored:
            name = _plain(heading)
            if name in left_out or not any(part in name for part in parts):
                continue
            left_out.add(name)
            message = f"The column {heading!r} was not read, and may be {' or '.join(names)}."
            written = in_mapping(heading)
            hint = (
                f"Say which, with a mapping: `{names[0]}: {written}`, for example; or that it is "
                f"none of them: `ignore: [{written}]`."
            )
            problems.append(ImportProblem(1, heading, "unclear_column", message, hint))
    return problems


def _plain(heading: str) -> str:
    """Reduce a heading to letters and digits: `E-Mail ` is `email`, `Prénom` is `prenom`."""
    text = unicodedata.normalize("NFKD", heading.casefold())
    return "".join(letter for letter in text if letter.isalnum())


_PLAIN_YAML = re.compile(r"(?!(?:true|false|null)$)[^\W\d_][\w .()/+&'-]*", re.IGNORECASE)


def in_mapping(text: str) -> str:
    """A heading or value as it is to be written in a mapping: in quotes where YAML needs them."""
    if _PLAIN_YAML.fullmatch(text) and text == text.strip():
        return text
    return json.dumps(text, ensure_ascii=False)


def _yaml(source: str) -> Mapping[str, object]:
    if len(source) > LARGEST_MAPPING:
        raise Invalid("The column mapping is too long.")
    try:
        content = YAML(typ="safe", pure=True).load(source)
    except (YAMLError, RecursionError, ValueError) as error:
        raise Invalid("The column mapping is not valid YAML.") from error
    if not isinstance(content, dict):
        raise Invalid("The column mapping must be a list of `field: heading` lines.")
    return {str(key): value for key, value in content.items()}


def _headings(given: object, problems: list[str]) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
        problems.append("ignore: a list of headings")
        return ()
    return tuple(listed)


def _values(given: object, problems: list[str]) -> Mapping[str, Mapping[str, str]]:
    if not isinstance(given, Mapping):
        problems.append("values: lines of `field: {what stands there: what it means}`")
        return {}
    values: dict[str, dict[str, str]] = {}
    for name, meanings in given.items():
        if name not in FIELDS or not isinstance(meanings, Mapping):
            problems.append(f"values.{name}: a field, and under it what its values mean")
            continue
        values[str(name)] = {str(k).strip().casefold(): str(v) for k, v in meanings.items()}
    return values

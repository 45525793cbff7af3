"""OneRoster 1.2 CSV file sets as a school's register would export them: a few schools, classes, terms and invented people."""

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

HEADERS = {
    "orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId",
    "academicSessions": "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
    "courses": "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,"
    "subjects,subjectCodes",
    "classes": "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,"
    "termSourcedIds,subjects,subjectCodes,periods",
    "users": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,"
    "sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,resourceSourcedIds,preferredGivenName,preferredMiddleName,"
    "preferredFamilyName,primaryOrgSourcedId,pronouns",
    "roles": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
    "userProfileSourcedId",
    "enrollments": "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,"
    "beginDate,endDate",
    "demographics": "sourcedId,status,dateLastModified,birthDate,sex",
}
MODIFIED = "2026-09-01T08:00:00.000Z"

Rows = Sequence[Mapping[str, str]]
Set = Mapping[str, Rows]


def org(id_: str, identifier: str, **more: str) -> dict[str, str]:
    """A school."""
    return {"sourcedId": id_, "name": f"ОШ {identifier}", "type": "school", "identifier": identifier, **more}


def session(id_: str, first: str, end: str, **more: str) -> dict[str, str]:
    """A term; `end` is the first day after it."""
    return {
        "sourcedId": id_,
        "title": id_,
        "type": "semester",
        "startDate": first,
        "endDate": end,
        "schoolYear": "2027",
        **more,
    }


def class_(id_: str, code: str, school: str, terms: str, **more: str) -> dict[str, str]:
    """A class of the course `course`."""
    return {
        "sourcedId": id_,
        "title": f"Разред {code}",
        "courseSourcedId": "course",
        "classCode": code,
        "classType": "homeroom",
        "schoolSourcedId": school,
        "termSourcedIds": terms,
        **more,
    }


def user(id_: str, username: str, **more: str) -> dict[str, str]:
    """Somebody with an account."""
    name = username.capitalize()
    return {"sourcedId": id_, "enabledUser": "true", "username": username, "givenName": name, "familyName": "Измишљени", **more}


def role(user_id: str, school: str, word: str = "student", **more: str) -> dict[str, str]:
    """A primary role at a school."""
    return {
        "sourcedId": f"r-{user_id}-{school}",
        "userSourcedId": user_id,
        "roleType": "primary",
        "role": word,
        "orgSourcedId": school,
        **more,
    }


def enrollment(user_id: str, class_id: str, word: str = "student", **more: str) -> dict[str, str]:
    """A place in a class."""
    return {
        "sourcedId": f"e-{user_id}-{class_id}",
        "classSourcedId": class_id,
        "schoolSourcedId": "s",
        "userSourcedId": user_id,
        "role": word,
        "primary": "false",
        **more,
    }


COURSE = {"sourcedId": "course", "title": "Разредна настава"}


def delta(rows: Rows) -> list[dict[str, str]]:
    """Rows as a delta has them: with a status and the time of the change."""
    return [{"status": "active", "dateLastModified": MODIFIED, **row} for row in rows]


def gone(row: Mapping[str, str]) -> dict[str, str]:
    """A row that is to be deleted."""
    return {**row, "status": "tobedeleted"}


def texts(tables: Set, extents: Mapping[str, str] | None = None, version: str = "1.2") -> dict[str, str]:
    """The files' texts by name, the manifest among them. What `tables` has is bulk, unless `extents` say otherwise."""
    told = {name: "bulk" if name in tables else "absent" for name in HEADERS} | dict(extents or {})
    manifest = [("propertyName", "value"), ("manifest.version", "1.0"), ("oneroster.version", version)]
    manifest += [(f"file.{name}", word) for name, word in told.items()] + [("source.systemName", "demo")]
    found = {"manifest": _text(manifest)}
    for name, rows in tables.items():
        columns = HEADERS[name].split(",")
        found[name] = _text([columns, *([row.get(column, "") for column in columns] for row in rows)])
    return found


def write_folder(path: Path, files: Mapping[str, str]) -> Path:
    """A folder with these files."""
    path.mkdir(exist_ok=True)
    for name, text in files.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
    return path


def write_zip(path: Path, files: Mapping[str, str]) -> Path:
    """A zip with these files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(f"{name}.csv", text)
    return path


def _text(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()

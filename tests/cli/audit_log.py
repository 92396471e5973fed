"""audit_log.py - the audit log as docs/audit.md describes it, by other hands than ours.

write DIR N          append N entries and an anchor to the journal in DIR, signed by openssl
chain ID FILE        whether an NDJSON export of the journal with this id is one chain
id DIR               the journal's id
ocsf SCHEMA FILE     whether each line of an OCSF export has what the schema in the folder asks for
Prints what is wrong, a line each; ends with 1 then.
"""
import hashlib
import json
import os
import sqlite3
import subprocess
import sys


def store_id(db):
    return db.execute("SELECT value FROM meta WHERE key = 'store_id'").fetchone()[0]


def key_id(path):
    raw = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"],
                         check=True, capture_output=True).stdout[-32:]
    return hashlib.sha256(raw).hexdigest()[:16]


def sign(path, text):
    with open(path + ".text", "wb") as file:
        file.write(text)
    done = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", path,
                           "-in", path + ".text"], check=True, capture_output=True)
    os.unlink(path + ".text")
    return done.stdout.hex()


def compact(members):
    return json.dumps(members, separators=(",", ":"), ensure_ascii=False)


def anchor(directory, db, seq, digest):
    key, head = directory + "/audit.key", directory + "/audit.head"
    if not os.path.exists(key):
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        os.chmod(key, 0o600)
    lines = open(head, "rb").read().split(b"\n")[:-1] if os.path.exists(head) else []
    members = {"anchor": len(lines) + 1, "seq": seq, "hash": digest.hex(),
               "at": "2026-01-31T10:00:00Z", "store": store_id(db)}
    if lines:
        members["previous"] = hashlib.sha256(lines[-1]).hexdigest()
    members["key"] = key_id(key)
    text = compact(members)[:-1]
    with open(head, "a") as file:
        file.write(text + ',"signature":"' + sign(key, text.encode()) + '"}\n')
    db.execute("INSERT INTO meta VALUES ('audit_anchors', ?) ON CONFLICT (key)"
               " DO UPDATE SET value = excluded.value", (str(len(lines) + 1),))


def write(directory, count):
    db = sqlite3.connect(directory + "/journal.db")
    last = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    seq, digest = last or (0, hashlib.sha256(store_id(db).encode()).digest())
    for seq in range(seq + 1, seq + int(count) + 1):
        text = compact({"seq": seq, "at": "2026-01-%02dT10:00:00.000Z" % (seq % 28 + 1),
                        "event": "paused" if seq % 2 else "resumed", "who": "u-1",
                        "reason": "a \"quoted\" reason\nof two lines"})
        digest = hashlib.sha256(digest + text.encode()).digest()
        db.execute("INSERT INTO audit VALUES (?, ?, ?)", (seq, text, digest))
    anchor(directory, db, seq, digest)
    db.commit()


def chain(ident, path):
    digest = hashlib.sha256(ident.encode()).digest()
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        text, told = line.rstrip("\n").rsplit(',"hash":"', 1)
        digest = hashlib.sha256(digest + (text + "}").encode()).digest()
        if told != digest.hex() + '"}' or json.loads(line)["seq"] != number:
            return ["entry %d is not of this chain" % number]
    return []


def judge(event, base, known):
    wrong = ["%s is missing" % name for name, row in base.items()
             if isinstance(row, dict) and row.get("requirement") == "required"
             and name not in event]
    wrong += ["%s is no attribute of OCSF" % name for name in event if name not in known]
    if event.get("type_uid") != event["class_uid"] * 100 + event["activity_id"]:
        wrong.append("type_uid does not follow from class and activity")
    if event["class_uid"] // 1000 != event["category_uid"]:
        wrong.append("category_uid does not follow from the class")
    if event["class_uid"] == 7001 and "command_uid" not in event:
        wrong.append("command_uid is missing")
    wrong += ["metadata.%s is missing" % name for name in ("product", "version")
              if name not in event["metadata"]]
    return wrong


def ocsf(schema, path):
    base = json.load(open(schema + "/events/base_event.json"))["attributes"]
    known = set(json.load(open(schema + "/dictionary.json"))["attributes"])
    wrong = []
    for line in open(path, encoding="utf-8"):
        wrong += judge(json.loads(line), base, known)
    return wrong


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "id":
        print(store_id(sqlite3.connect(arguments[0] + "/journal.db")))
        return 0
    wrong = {"write": write, "chain": chain, "ocsf": ocsf}[command](*arguments) or []
    for what in wrong:
        print(what)
    return 1 if wrong else 0


sys.exit(main())

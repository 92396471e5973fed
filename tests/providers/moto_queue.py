"""moto_queue.py - the daemon's queue against moto's SQS, filled by moto's EventBridge, through
kill -9: every event is there once, and the queue is empty.

Usage: moto_queue.py PORT[,PORT ..] CDR [WORD ...]
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

from moto_base import ACCOUNT, REGION, Moto

EVENTS, BARE, KILLS, PATIENCE_S = 30, 25, 3, 60
CONFIG = 'daemon { rules = ["rules"] queue events { url = "%s" } }\n'
RULE = "rule none { when source = guardduty and severity = critical then collect snapshot }\n"


def finding(number):
    return {"id": "f%d" % number, "type": "Recon:EC2/Portscan", "severity": 5, "accountId": ACCOUNT, "region": REGION,
            "service": {"detectorId": "d", "count": 1}, "resource": {"resourceType": "Instance"}}


def fill(moto):
    """Events by the rule of docs/operations.md, then bare findings by hand; the queue's URL."""
    sqs, events = moto.client("sqs"), moto.client("events")
    # A short one: what a kill left hidden is soon there again.
    url = sqs.create_queue(QueueName="cdr-findings", Attributes={"VisibilityTimeout": "2"})["QueueUrl"]
    pattern = {"source": ["aws.guardduty"], "detail-type": ["GuardDuty Finding"]}
    events.put_rule(Name="cdr-findings", EventPattern=json.dumps(pattern))
    target = "arn:aws:sqs:%s:%s:cdr-findings" % (REGION, ACCOUNT)
    events.put_targets(Rule="cdr-findings", Targets=[{"Id": "cdr", "Arn": target}])
    for number in range(EVENTS):
        events.put_events(Entries=[{"Source": "aws.guardduty", "DetailType": "GuardDuty Finding",
                                    "Detail": json.dumps(finding(number))}])
    for number in range(EVENTS, EVENTS + BARE):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(finding(number)))
    return url


class Daemon:
    def __init__(self, cdr, folder, environment):
        self.data = os.path.join(folder, "data")
        self.process = subprocess.Popen(
            [*cdr, "serve", "--config", os.path.join(folder, "cdr.cdr"), "--listen", "127.0.0.1:0", "--data", self.data],
            stdout=subprocess.PIPE, text=True, env=environment)
        found = re.match(r"ready (\S+)", self.process.stdout.readline())
        self.url = found.group(1) if found else sys.exit("the daemon does not start")

    def alerts(self):
        with open(os.path.join(self.data, "admin.token")) as file:
            token = file.read().strip()
        request = urllib.request.Request(self.url + "/v1/alerts?limit=500", headers={"Authorization": "Bearer " + token})
        with urllib.request.urlopen(request) as reply:
            items = json.load(reply)["items"]
        return sorted(item["alert"] for item in items if item["way"] == "queue events")

    def end(self, by_kill):
        self.process.kill() if by_kill else self.process.terminate()
        return self.process.wait(30)


def main():
    moto = Moto(int(sys.argv[1].split(",")[0]))
    moto.control("reset-auth", b"inf")
    moto.control("reset")
    moto.key, moto.secret = "any", "any"
    url = fill(moto)
    wanted = sorted("f%d" % number for number in range(EVENTS + BARE))
    environment = dict(os.environ, AWS_ENDPOINT_URL="http://127.0.0.1:%d" % moto.port, AWS_ACCESS_KEY_ID="any",
                       AWS_SECRET_ACCESS_KEY="any", AWS_REGION=REGION, AWS_EC2_METADATA_DISABLED="true")
    with tempfile.TemporaryDirectory() as folder:
        os.mkdir(os.path.join(folder, "rules"))
        for name, text in (("cdr.cdr", CONFIG % url), ("rules/none.cdr", RULE)):
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        for number in range(KILLS):
            daemon = Daemon(sys.argv[2:], folder, environment)
            time.sleep(0.05 * (number + 1))
            daemon.end(by_kill=True)
        daemon = Daemon(sys.argv[2:], folder, environment)
        until = time.time() + PATIENCE_S
        sqs = moto.client("sqs")
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        left = None
        while time.time() < until and (left != 0 or daemon.alerts() != wanted):
            time.sleep(0.2)
            left = sum(int(n) for n in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values())
        found = daemon.alerts()
        code = daemon.end(by_kill=False)
    verdicts = [(found == wanted, "each of %d events is there once" % len(wanted)), (left == 0, "the queue is empty"),
                (code == 0, "the daemon ended well")]
    for number, (is_so, sentence) in enumerate(verdicts, 1):
        print("%s %d - %s" % ("ok" if is_so else "not ok", number, sentence))
    print("1..%d" % len(verdicts))
    if not all(is_so for is_so, _ in verdicts):
        print("# found %s\n# left %s, exit code %s" % (found, left, code))
        sys.exit(1)


main()

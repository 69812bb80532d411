"""Tests `tinylora sweep --on slurm`; run.sh starts the cluster and this."""

import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

# Four runs that decide on a learning rate, then four with the chosen ones: two stages, eight finished runs of some seconds each.
SWEEP = """\
defaults: {base: abacus, max_steps: 56, problems_per_step: 4, num_generations: 4, max_completion_length: 48,
  eval_problems: 20, validation_problems: 20, eval_steps: 28}
seeds: [1, 2, 3]
tune: {key: learning_rate, on: validation}
runs: [{parameters: [1, 2], learning_rate: [0.05, 0.02]}]
"""
STATES = "%i|%T|%l|%C"  # task, state, time limit, processors
began = time.monotonic()
problems = []


class Stuck(Exception):
    """What was waited for did not happen; nothing after it can be tested."""


def check(holds, what, detail=""):
    print(f"{time.monotonic() - began:4.0f} s  " + ("ok     " + what if holds else f"FAILED {what}: {detail}"), flush=True)
    if not holds:
        problems.append(what)


def wait(what, condition, seconds=180):
    """What `condition` returns as soon as that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise Stuck(f"{what}: not within {seconds} s")


def call(*arguments):
    """The output of a Slurm command, which must succeed."""
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise Stuck(f"{' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout


def jobs(*states):
    """Tasks that Slurm lists, as lists of their STATES."""
    chosen = ",".join(states) or "all"
    lines = call("squeue", "--noheader", "--array", f"--states={chosen}", f"--format={STATES}").splitlines()
    return [line.split("|") for line in lines]


class Run:
    """One execution of a run: a `tinylora` process of a job."""

    def __init__(self, process, folder, name, environment):
        self.process = process
        self.folder = folder
        self.name = name
        self.task = f"{environment['SLURM_ARRAY_JOB_ID']}_{environment['SLURM_ARRAY_TASK_ID']}"
        self.restarts = int(environment.get("SLURM_RESTART_COUNT", 0))


class Watch(threading.Thread):
    """Looks ten times a second which runs are being executed, whatever Slurm and the command say about them."""

    def __init__(self, program, work):
        super().__init__(daemon=True)
        self.program = os.path.realpath(program)
        self.work = work
        self.executions = {}
        self.live = []
        self.together = []  # runs seen twice at once
        self.most = collections.Counter()  # by folder
        self.start()

    def run(self):
        while True:
            live = [found for entry in os.listdir("/proc") if entry.isdigit() and (found := self.look(int(entry)))]
            counts = collections.Counter((run.folder, run.name) for run in live)
            self.together += [f"{folder}/{name}" for (folder, name), count in counts.items() if count > 1]
            for folder, count in collections.Counter(run.folder for run in live).items():
                self.most[folder] = max(self.most[folder], count)
            self.live = live
            time.sleep(0.1)

    def look(self, process):
        try:
            folder = Path(f"/proc/{process}")
            if os.readlink(folder / "exe") != self.program:
                return None
            begun = (folder / "stat").read_text().rpartition(")")[2].split()[19]
            if (process, begun) not in self.executions:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
                pairs = (pair.partition("=") for pair in (folder / "environ").read_bytes().decode().split("\0"))
                environment = {key: value for key, _, value in pairs}
                if "SLURM_ARRAY_TASK_ID" not in environment or "--output" not in words:
                    return None
                output = Path(os.readlink(folder / "cwd"), words[words.index("--output") + 1])
                if output.parent.parent != self.work:
                    return None
                self.executions[process, begun] = Run(process, output.parent.name, output.name, environment)
            return self.executions[process, begun]
        except (OSError, ValueError):  # it has ended
            return None

    def of(self, folder):
        return [run for run in list(self.executions.values()) if run.folder == folder]


class Test:
    def __init__(self, tinylora, work):
        self.tinylora = tinylora
        self.work = work
        self.node = call("sinfo", "--noheader", "--format=%n").strip()
        self.watch = Watch(tinylora, work)
        self.file = work / "sweep.yaml"
        self.file.write_text(SWEEP)
        self.calls = 0
        self.controllers = []
        self.armed = work / "armed"
        # The command finds this sbatch first. Where the test says so, it ends the command after a submission and before its answer.
        real = call("sh", "-c", "command -v sbatch").strip()
        bin = work / "bin"
        bin.mkdir()
        (bin / "sbatch").write_text(f"""#!/bin/sh
{real} "$@" >"{work}/answer.$$"
status=$?
if [ -e "{self.armed}" ]; then
    while ! [ -s "{self.armed}" ]; do sleep 0.05; done
    kill -KILL "$(cat "{self.armed}")"
    rm "{self.armed}"
    exit 1
fi
cat "{work}/answer.$$"
exit $status
""")
        (bin / "sbatch").chmod(0o755)
        # People set variables that filter what squeue lists. Jobs hidden from the command would be submitted twice.
        self.environment = dict(os.environ, PATH=f"{bin}:{os.environ['PATH']}", SQUEUE_ACCOUNT="other")

    # The command

    def start(self, folder, *options, file=None):
        """Starts the command; what it says is in controller-N.log and controller-N.json."""
        self.calls += 1
        path = self.work / f"controller-{self.calls}"
        with open(f"{path}.log", "w") as log, open(f"{path}.json", "w") as result:
            controller = subprocess.Popen(
                [self.tinylora, "sweep", file or self.file, "--output", self.work / folder, "--json", *options], cwd=self.work,
                env=self.environment, stdin=subprocess.DEVNULL, stdout=result, stderr=log, start_new_session=True)
        controller.log = Path(f"{path}.log")
        self.controllers.append(controller)
        return controller

    def slurm(self, folder="cluster", *options, file=None):
        return self.start(folder, "--on", "slurm", "--sbatch", "time=7", "--sbatch", "mem=500", *options, file=file)

    def follows(self, controller, folder="cluster"):
        """Waits until the command has the folder's lock, so that it has begun."""
        lock = self.work / folder / ".lock"
        wait("the command has begun", lambda: lock.exists() and lock.read_text().strip() == str(controller.pid))

    def end(self, controller, seconds=400):
        """The exit status, and what the command said."""
        try:
            controller.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Stuck(f"the command ({controller.log.name}) has not ended after {seconds} s") from None
        return controller.returncode, controller.log.read_text()

    # What is under way

    def steps(self, folder, name):
        path = self.work / folder / name / "steps.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def live(self, folder="cluster", steps=0):
        """Runs that are being executed, those with this many steps at least."""
        return [run for run in self.watch.live if run.folder == folder and self.steps(folder, run.name) >= steps]

    def first(self, runs):
        """The run with the fewest steps, which does not end by itself for some seconds."""
        return min(runs, key=lambda run: self.steps(run.folder, run.name))

    def advance(self, folder="cluster"):
        """Whether a run under way makes a step."""
        before = {run.name: self.steps(folder, run.name) for run in self.live(folder)}

        def has_advanced():
            return any(self.steps(folder, name) > steps for name, steps in before.items())
        try:
            return wait("a step", has_advanced, 30)
        except Stuck:
            return False

    def submissions(self):
        return (self.work / "slurmctld.log").read_text().count("_slurm_rpc_submit_batch_job: JobId=")

    def states(self, folder):
        record = json.loads((self.work / folder / "sweep.json").read_text())
        return {run["name"]: run["state"] for run in record["runs"]}

    def finished(self, folder):
        return sorted(name for name, state in self.states(folder).items() if state == "finished")

    def differences(self, folder, names):
        """What differs between runs in `folder` and the local ones, times aside."""
        def content(path):
            if path.suffix != ".jsonl":
                return path.read_bytes()
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            return [{key: value for key, value in line.items() if key != "time"} for line in lines]

        different = []
        for name in names:
            for file in ["adapter.safetensors", "samples.jsonl", "steps.jsonl", "evaluations.jsonl", "evaluation-samples.jsonl"]:
                paths = [self.work / each / name / file for each in ["local", folder]]
                if not all(path.exists() for path in paths) or content(paths[0]) != content(paths[1]):
                    different.append(f"{name}/{file}")
        return different

    def down(self):
        call("scontrol", "update", f"nodename={self.node}", "state=down", "reason=test")

    def resume(self):
        call("scontrol", "update", f"nodename={self.node}", "state=resume")

    # The parts of the test, in order

    def local(self):
        status, said = self.end(self.start("local", "--jobs", "2"))
        names = self.finished("local") if status == 0 else []
        check(len(names) == 8, "the sweep without Slurm finishes eight runs", f"status {status}, {names}, {said[-300:]}")
        if len(names) != 8:
            raise Stuck("there is nothing to compare with")

    def refused(self):
        status, said = self.end(self.slurm("refused", "--sbatch", "partition=nowhere"))
        check(status not in (0, 2) and "nowhere" in said and not jobs(), "what sbatch refuses ends the command with sbatch's words",
              f"status {status}, {said[-300:]}")

    def failing(self):
        """A run that fails by its own fault, and a whole array that is cancelled."""
        wrong = self.work / "wrong.yaml"
        wrong.write_text("defaults: {base: abacus, max_steps: 2}\nruns: [{parameters: 1, train: nowhere.jsonl}]\n")
        status, said = self.end(self.slurm("wrong", file=wrong))
        check(status == 1 and "nowhere.jsonl" in said.split("runs failed")[-1], "a run that fails is named with its reason",
              f"status {status}, {said[-300:]}")
        controller = self.slurm("cancelled", "--only", "*-seed1")
        run = wait("two runs begin", lambda: len(self.live("cancelled")) == 2 and self.live("cancelled"))[0]
        call("scancel", run.task.partition("_")[0])
        status, said = self.end(controller)
        states = self.states("cancelled")
        names = [name for name in states if name.endswith("seed1")]
        check(status == 1 and all(states[name] == "failed" for name in names),
              "when a whole array is cancelled, its pending runs have failed too", f"status {status}, {states}, {said[-300:]}")

    def limited(self):
        """A run that reaches its time limit; beside it, a task that is cancelled before it begins."""
        long = self.work / "long.yaml"
        long.write_text(SWEEP.partition("seeds:")[0].replace("max_steps: 56", "max_steps: 400") + "runs: [{parameters: 1}]\n")
        limited = self.slurm("limited", file=long)
        run = wait("a run begins", lambda: self.live("limited"))[0]
        call("scontrol", "update", f"jobid={run.task}", "EndTime=now")  # Slurm looks at limits twice a minute

        controller = self.slurm("pending", "--only", "*-seed1")
        array = wait("a run begins", lambda: self.live("pending"))[0].task.partition("_")[0]
        task = next(task for task, state, *_ in jobs("pending") if task.startswith(array + "_"))
        call("scancel", task)
        status, said = self.end(controller)
        names = {name for name in self.states("pending") if name.endswith("seed1")}
        never = sorted(names - {run.name for run in self.watch.of("pending")})
        failed = sorted(name for name, state in self.states("pending").items() if state == "failed")
        check(status == 1 and len(never) == 1 and failed == never, "a run whose pending job is cancelled has failed, no other",
              f"status {status}, failed {failed}, never executed {never}, {said[-400:]}")

        status, said = self.end(limited)
        times = len(self.watch.of("limited"))
        check(status == 0 and times == 2 and self.steps("limited", run.name) == 400, "a run that reaches its time limit is resumed",
              f"status {status}, executed {times} times, {self.steps('limited', run.name)} steps, {said[-300:]}")

    def first_stage(self):
        self.armed.touch()
        controller = self.slurm()
        self.armed.write_text(str(controller.pid))
        status, said = self.end(controller)
        tasks = jobs()
        check(status == -signal.SIGKILL and len(tasks) == 4,
              "the command, killed during its first submission, leaves four tasks",
              f"status {status}, {tasks}, {said[-300:]}")
        check(all(task[2:] == ["7:00", "1"] for task in tasks), "--sbatch is passed on, and a run has one processor", tasks)

        wait("two runs begin", lambda: len(self.live()) == 2)
        controller = self.slurm()
        self.follows(controller)
        status, said = self.end(self.slurm())
        check(status not in (0, -signal.SIGKILL) and "another process" in said, "a second command for the same folder is refused",
              f"status {status}, {said[-300:]}")
        wait("two runs make steps", lambda: len(self.live(steps=3)) == 2)
        check(self.submissions() == 1 and len(jobs()) == 4, "the command started again submits nothing again",
              f"{self.submissions()} submissions, {jobs()}")

        controller.kill()
        self.end(controller)
        check(len(self.live()) == 2 and self.advance(), "runs advance when the command is killed",
              [run.name for run in self.live()])

        call("scontrol", "update", f"nodename={self.node}", "state=drain", "reason=test")
        controller = self.slurm()
        wait("the drained node becomes empty", lambda: not jobs("running", "completing") and not self.live())
        time.sleep(3)
        pending = jobs("pending")
        check(controller.poll() is None and not self.live() and pending, "the command waits while the node is drained",
              f"status {controller.poll()}, {pending}, {controller.log.read_text()[-300:]}")
        self.resume()
        return controller

    def second_stage(self, controller):
        wait("a run of the second stage begins", lambda: [run for run in self.live() if not run.name.endswith("seed1")])
        requeued = wait("two runs make steps", lambda: len(self.live(steps=2)) == 2 and self.live())
        self.down()
        wait("the runs on a node that is down end", lambda: not self.live())
        requeued = [run for run in requeued if not (self.work / "cluster" / run.name / "result.json").exists()]
        self.resume()
        wait("a run begins again", lambda: self.live(steps=2))
        check(controller.poll() is None, "the command waits while its runs are requeued",
              f"status {controller.poll()}, {controller.log.read_text()[-300:]}")

        os.killpg(controller.pid, signal.SIGINT)  # as a terminal does: its squeue and sbatch too
        status, said = self.end(controller)
        check(status == 130 and self.live() and self.advance(), "SIGINT ends the command with status 130, and no run",
              f"status {status}, {[run.name for run in self.live()]}, {said[-300:]}")

        controller = self.slurm()
        self.follows(controller)
        cancelled = self.first(wait("a run makes steps", lambda: self.live(steps=2)))
        call("scancel", cancelled.task)
        wait("a cancelled run ends", lambda: cancelled not in self.live())
        killed = self.first(wait("a run makes steps", lambda: self.live(steps=2)))
        call("scancel", "--signal=KILL", "--batch", killed.task)
        wait("a killed run ends", lambda: killed not in self.live())
        call("scontrol", "shutdown", "slurmctld")
        time.sleep(4)
        call("slurmctld")

        status, said = self.end(controller)
        names = sorted([cancelled.name, killed.name])
        failed = sorted(name for name, state in self.states("cluster").items() if state == "failed")
        check(status == 1 and failed == names and all(name in said.split("runs failed")[-1] for name in names),
              "the cancelled run and the killed one have failed, no other; the command names them and ends with status 1",
              f"status {status}, failed {failed}, expected {names}, {said[-500:]}")
        again = {run.name for run in self.watch.of("cluster") if run.restarts}
        expected = {run.name for run in requeued} - set(names)
        check(again >= expected and requeued, "Slurm starts the runs of a failed node again", f"{again}, expected {expected}")
        return cancelled, killed, requeued

    def repeated(self, cancelled, killed, requeued):
        before = len(self.watch.of("cluster"))
        status, said = self.end(self.slurm())
        executed = sorted(run.name for run in self.watch.of("cluster")[before:])
        expected = sorted({cancelled.name, killed.name})
        check(status == 0 and executed == expected, "the same command starts the failed runs again, and only those",
              f"status {status}, started {executed}, expected {expected}, {said[-300:]}")
        names = self.finished("local")
        check(self.finished("cluster") == names, "every run is finished", f"{self.states('cluster')}")
        different = self.differences("cluster", names)
        check(not different, "adapters, samples, steps and evaluations are those of the sweep without Slurm", ", ".join(different))
        counts = collections.Counter(run.name for run in self.watch.of("cluster"))
        disturbed = {run.name for run in [cancelled, killed, *requeued]}
        often = {name: count for name, count in counts.items() if count > 1 and name not in disturbed}
        check(not often and set(counts) == set(names), "a run that was not disturbed is executed once", f"{dict(counts)}")

        submissions = self.submissions()
        status, said = self.end(self.slurm())
        check(status == 0 and self.submissions() == submissions, "the same command again has nothing to do",
              f"status {status}, {said[-300:]}")

    def forgotten(self):
        """Slurm forgets ended jobs. Here it does within seconds, while nobody follows them."""
        configuration = Path(os.environ["SLURM_CONF"])
        configuration.write_text(configuration.read_text().replace("MinJobAge=300", "MinJobAge=2"))
        call("scontrol", "reconfigure")
        wait("Slurm forgets the ended jobs", lambda: not jobs())
        options = ["--jobs", "1", "--only", "*-lr0.05-seed1"]
        controller = self.slurm("forgotten", *options)
        run = wait("a run begins", lambda: self.live("forgotten", steps=2))[0]
        controller.kill()
        self.end(controller)
        call("scancel", run.task)
        wait("Slurm forgets the cancelled job", lambda: not jobs())
        status, said = self.end(self.slurm("forgotten", *options))
        if status == 1 and run.name in said.split("failed")[-1]:
            status, said = self.end(self.slurm("forgotten", *options))
        names = sorted(name for name in self.states("local") if name.endswith("-lr0.05-seed1"))
        different = self.differences("forgotten", names)
        check(status == 0 and not different, "a job that Slurm has forgotten is started again",
              f"status {status}, {different}, {said[-300:]}")
        check(self.watch.most["forgotten"] == 1, "--jobs 1 executes one run at a time", f"{self.watch.most['forgotten']} at a time")

    def threads(self):
        controller = self.slurm("threads", "--threads", "2", "--only", "1-lr0.05-seed1")
        wait("a run begins", lambda: self.live("threads"))
        tasks = jobs("running")
        status, said = self.end(controller)
        different = self.differences("threads", ["1-lr0.05-seed1"])
        check(status == 0 and [task[3] for task in tasks] == ["2"] and not different,
              "--threads 2 asks for two processors, and the adapter is the same",
              f"status {status}, {tasks}, {different}, {said[-300:]}")

    def run(self):
        try:
            self.local()
            self.refused()
            controller = self.first_stage()
            self.repeated(*self.second_stage(controller))
            self.failing()
            self.limited()
            self.forgotten()
            self.threads()
        except Stuck as stuck:
            check(False, "the test goes on", stuck)
            print("\n".join("|".join(job) for job in jobs()))
        finally:
            for controller in self.controllers:
                if controller.poll() is None:
                    controller.kill()
        twice = sorted(set(self.watch.together))
        check(not twice, "no run is executed twice at once", ", ".join(twice))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tinylora", required=True, type=os.path.abspath)
    parser.add_argument("--work", required=True, type=lambda path: Path(path).resolve())
    arguments = parser.parse_args()
    Test(arguments.tinylora, arguments.work).run()
    print("slurm: " + (f"{len(problems)} checks do not hold" if problems else "everything holds"))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

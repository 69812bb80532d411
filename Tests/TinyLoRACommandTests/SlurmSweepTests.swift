import Foundation
import Testing

/// A sweep whose runs are jobs of a cluster, which is played by scripts. The real one is in Scripts/slurm.
@Suite("a sweep on Slurm", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct SlurmSweepTests {
    private let defaults = """
        {base: abacus, max_steps: 2, problems_per_step: 2, num_generations: 2, max_completion_length: 16, \
        eval_problems: 4, validation_problems: 3}
        """

    private func sweep(
        _ file: String, and rest: [String] = [], on slurm: FakeSlurm, in scratch: Scratch,
        interruption: Executable.Interruption? = nil,
        variables: [String: String] = [:]
    ) throws -> Outcome {
        // A folder whose name a shell would take apart.
        let arguments = ["sweep", file, "--on", "slurm", "--output", scratch.path("it's out"), "--json"] + rest
        return try Executable.run(
            arguments, in: scratch, variables: slurm.variables.merging(variables) { $1 }, interruption: interruption)
    }

    private func adapter(_ path: String, in scratch: Scratch) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: scratch.path("\(path)/adapter.safetensors")))
    }

    @Test("each stage is a job array; choices, states and adapters are a local sweep's")
    func equalsLocal() throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file(
            "s.yaml",
            """
            defaults: \(defaults)
            seeds: [1, 2]
            tune: {key: learning_rate, on: validation}
            runs: [{parameters: [1, 3], learning_rate: [0.1, 0.05]}]
            """)
        let local = try Executable.run(
            ["sweep", file, "--output", scratch.path("local"), "--json"], in: scratch)
        expectSuccess(local)
        let outcome = try sweep(
            file, and: ["--sbatch", "partition=long", "--sbatch", "exclusive", "--jobs", "3", "--threads", "2"],
            on: slurm,
            in: scratch)
        expectSuccess(outcome)
        let choices = try [local, outcome].map { try #require($0.json()["choices"]) as? NSArray }
        #expect(choices[0] == choices[1])
        let first = try #require(slurm.submissions.first)
        for option in [
            "--array=0-2", "--cpus-per-task=2", "--partition=long --exclusive", "--parsable", "--requeue",
            "--job-name=s-",
        ] {
            #expect(first.contains(option), "\(option) in \(first)")
        }
        #expect(slurm.submissions.count >= 3, "three runs at a time, and a second stage")
        #expect(slurm.starts.count == 6)
        let states = try scratch.sweepStates(in: "it's out")
        #expect(states.values.filter { $0 == "finished" }.count == 6, "\(states)")
        for name in states.filter({ $0.value == "finished" }).keys {
            #expect(try adapter("local/\(name)", in: scratch) == adapter("it's out/\(name)", in: scratch), "\(name)")
        }
        // The same call again has nothing to do.
        expectSuccess(try sweep(file, on: slurm, in: scratch))
        #expect(slurm.starts.count == 6)
    }

    @Test("jobs go on without the sweep, and the same command follows them", arguments: [SIGKILL, SIGINT])
    func goesOn(signal: Int32) throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file("s.yaml", "defaults: \(defaults)\nruns: [{parameters: [1, 2, 3, 4]}]")
        let stopped = try sweep(file, on: slurm, in: scratch, interruption: .signal(signal) { slurm.isAsked })
        if signal == SIGINT {
            #expect(!stopped.wasKilled && stopped.status == 130, "\(stopped)")
            #expect(stopped.errors.contains("scancel 1"), "\(stopped)")
        }
        let outcome = try sweep(file, on: slurm, in: scratch)
        expectSuccess(outcome)
        #expect(slurm.submissions.count == 1, "\(outcome)")
        #expect(Set(slurm.starts).count == 4 && slurm.starts.count == 4)
        #expect(try scratch.sweepStates(in: "it's out").values.allSatisfy { $0 == "finished" })
    }

    @Test("an interruption does not wait for a command of Slurm that hangs, and what was submitted is found again")
    func hangingCommands() throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file("s.yaml", "defaults: \(defaults)\nruns: [{parameters: [1, 2]}]")
        func interrupted(once condition: @escaping () -> Bool) throws -> Outcome {
            let start = ContinuousClock.now
            let outcome = try sweep(file, on: slurm, in: scratch, interruption: .signal(SIGINT, once: condition))
            #expect(start.duration(to: .now) < .seconds(30))
            #expect(!outcome.wasKilled && outcome.status == 130, "\(outcome)")
            return outcome
        }
        try slurm.set("hold")
        try slurm.set("mute")
        #expect(try interrupted { !slurm.submissions.isEmpty }.errors.contains("scancel --name=s-"))
        try slurm.set("stuck")
        _ = try interrupted { slurm.isAsked }
        try slurm.unset("stuck")
        try slurm.unset("hold")
        let outcome = try sweep(file, on: slurm, in: scratch)
        expectSuccess(outcome)
        #expect(slurm.submissions.count == 1 && slurm.starts.count == 2, "\(outcome)")
    }

    @Test("jobs are looked for in the cluster that they were submitted to", arguments: ["SBATCH", "SLURM"])
    func otherCluster(prefix: String) throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file("s.yaml", "defaults: \(defaults)\nruns: [{parameters: [1, 2, 3, 4]}]")
        try slurm.set("hold")
        let stopped = try sweep(
            file, on: slurm, in: scratch, interruption: .signal(SIGINT) { slurm.isAsked },
            variables: [prefix + "_CLUSTERS": "far"])
        #expect(stopped.errors.contains("scancel --clusters=far --name=s-"), "\(stopped)")
        try slurm.unset("hold")
        // A cluster that is away is waited for.
        try slurm.set("away")
        let outcome = try sweep(file, on: slurm, in: scratch)
        expectSuccess(outcome)
        #expect(!FileManager.default.fileExists(atPath: scratch.path("slurm/away")))
        #expect(slurm.submissions.count == 1 && slurm.starts.count == 4, "\(outcome)")
        #expect(slurm.submissions[0].contains("--clusters=far"))
    }

    @Test("a submission without an answer is looked for, not repeated; a controller that is away is waited for")
    func submissionWithoutAnswer() throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file("s.yaml", "defaults: \(defaults)\nruns: [{parameters: [1, 2]}]")
        try slurm.set("deaf")
        let outcome = try sweep(file, on: slurm, in: scratch)
        expectSuccess(outcome)
        #expect(slurm.submissions.count == 1)
        #expect(outcome.errors.contains("Socket timed out"), "\(outcome)")

        try slurm.set("down")
        let other = try scratch.file("other.yaml", "defaults: \(defaults)\nruns: [{parameters: [1, 2, 3]}]")
        let late = try sweep(other, on: slurm, in: scratch)
        expectSuccess(late)
        #expect(slurm.submissions.count == 2, "\(late)")
        #expect(late.errors.contains("Unable to contact slurm controller"), "\(late)")
        for name in ["down", "silent"] {
            #expect(!FileManager.default.fileExists(atPath: scratch.path("slurm/\(name)")), "\(name), \(late)")
        }
    }

    @Test(
        "a job whose node failed is followed by another; one that was cancelled is a failure, which the next call repeats"
    )
    func losesJobs() throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file(
            "s.yaml",
            "defaults: \(defaults)\nruns: [{parameters: 1}, {parameters: 2}, {parameters: 3, grader: \"command:exit 1\"}]"
        )
        try slurm.set("NF")
        try slurm.set("CA")
        let outcome = try sweep(file, on: slurm, in: scratch)
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.errors.contains("the node of its Slurm job failed"), "\(outcome)")
        #expect(outcome.errors.contains("its Slurm job was cancelled"), "\(outcome)")
        #expect(outcome.errors.contains("failed on a trial"), "\(outcome)")
        #expect(try scratch.sweepStates(in: "it's out").values.sorted() == ["failed", "failed", "finished"])
        let again = try sweep(file, on: slurm, in: scratch)
        #expect(again.status == 1 && again.errors.contains("1 of 3 runs failed"), "\(again)")
        #expect(try scratch.sweepStates(in: "it's out").values.sorted() == ["failed", "finished", "finished"])
    }

    @Test("a job whose time ends before a state is saved is a failure, however many steps it has made")
    func savesNothing() throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        // A state of LoRA is too large for the lines of the steps.
        let file = try scratch.file(
            "s.yaml",
            """
            defaults: {base: abacus, max_steps: 1000, checkpoint_steps: 1000, problems_per_step: 2, num_generations: 2, \
            max_completion_length: 16, eval_problems: 4}
            runs: [{method: lora, rank: 2}]
            """)
        try slurm.set("TO")
        let outcome = try sweep(file, on: slurm, in: scratch)
        #expect(outcome.status == 1, "\(outcome)")
        #expect(outcome.errors.contains("its Slurm job reached the time limit before it saved a state"), "\(outcome)")
        #expect(try scratch.sweepStates(in: "it's out").values.sorted() == ["failed"])
        #expect(slurm.starts.count == 1, "\(outcome)")
    }

    @Test("a cluster that refuses, or is none, ends the sweep with one sentence")
    func refuses() throws {
        let scratch = try Scratch(), slurm = try FakeSlurm(in: scratch)
        let file = try scratch.file("s.yaml", "defaults: \(defaults)\nruns: [{parameters: 1}]")
        try slurm.set("refuse")
        expectRefusal(
            try sweep(file, on: slurm, in: scratch), naming: ["invalid partition specified: nowhere", "--sbatch"])
        // What was refused is not looked for by the next call.
        try slurm.unset("refuse")
        let accepted = try sweep(file, on: slurm, in: scratch)
        expectSuccess(accepted)
        #expect(!accepted.errors.contains("not answered"), "\(accepted)")
        let elsewhere = try Executable.run(
            ["sweep", file, "--on", "slurm", "--output", scratch.path("out")], in: scratch,
            variables: ["PATH": "/nowhere"])
        expectRefusal(elsewhere, naming: ["this machine has no command sbatch"])
        expectRefusal(
            try sweep(file, and: ["--sbatch", "array=0-9"], on: slurm, in: scratch), naming: ["--sbatch array"])
        let local = ["sweep", file, "--output", scratch.path("out"), "--sbatch", "time=1"]
        expectRefusal(try Executable.run(local, in: scratch), naming: ["--sbatch needs --on slurm"])
    }
}

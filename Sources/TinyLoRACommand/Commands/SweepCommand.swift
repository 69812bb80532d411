import ArgumentParser
import Foundation
import TinyLoRA

/// Many runs, described by one file.
struct SweepCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Trains every combination of settings in a file, and chooses learning rates.",
        discussion: """
            Settings and files of every run are checked first. Each run is a separate process: when one fails, the sweep continues and reports the failure and its reason at \
            the end. The same command resumes the sweep: finished runs are kept, unfinished ones resumed, failed ones \
            started again. Each run has a directory as `tinylora train` writes it; sweep.json lists what is planned, \
            finished and chosen. With --on slurm, the runs that can start are submitted as a job array; jobs go on when this \
            command ends, and the same command follows them again.

            EXAMPLES
              Every method at every size on Abacus:
                tinylora sweep Recipes/miniature.yaml
              Its runs, and how many tokens they may sample, without training:
                tinylora sweep Recipes/miniature.yaml --dry-run
              Only some of its runs:
                tinylora sweep Recipes/miniature.yaml --only '*-13-*'
              All of its runs in float32 (in a sweep file, `arithmetic: [float32, bfloat16]` compares the two):
                tinylora sweep Recipes/miniature.yaml --arithmetic float32
              The paper's grid on your own files:
                tinylora sweep Recipes/gsm8k.yaml --model Qwen/Qwen2.5-7B-Instruct --train train.jsonl --eval test.jsonl
              As jobs of a Slurm cluster, of 8 cores each:
                tinylora sweep Recipes/gsm8k.yaml --on slurm --threads 8 --sbatch partition=long --sbatch time=12:00:00
              Sampling by a vLLM server:
                tinylora sweep Recipes/gsm8k.yaml --jobs 1 --threads 16 --sampler http://localhost:8000
            """)

    @Argument(
        help: ArgumentHelp("Sweep file with name, defaults, seeds, tune and runs.", valueName: "sweep.yaml"),
        transform: path)
    var file: String
    @OptionGroup var files: FileOptions
    @Option(
        name: .customLong("set"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Setting for every run, see Documentation/Settings.md; may be repeated.", valueName: "key=value")
    )
    var settings: [String] = []
    @Option(
        help: ArgumentHelp("Directory of the sweep (default: its name in runs).", valueName: "dir"), transform: path)
    var output: String?
    @Option(help: "Where runs are executed: here, or slurm, the cluster that sbatch submits to.")
    var on = SweepPlace.here
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "Option of sbatch, such as time=12:00:00 or exclusive; may be repeated.", valueName: "key=value"))
    var sbatch: [String] = []
    @Option(
        parsing: .unconditional,
        help: "Parallel runs (default: cores divided by --threads; with --on slurm, as many as the cluster allows).")
    var jobs: Int?
    @Option(
        parsing: .unconditional,
        help: "Threads per run. One is the most efficient when there are as many runs as cores.")
    var threads = 1
    @OptionGroup(title: "Engines in other processes") var engines: EngineOptions
    @Option(
        parsing: .unconditionalSingleValue,
        help: ArgumentHelp("Start only runs whose names match: * is any text, ? any character.", valueName: "pattern"))
    var only: [String] = []
    @Flag(help: "Check settings, files and prompts of the runs, show their steps and token limits, and exit.")
    var dryRun = false
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        let place = try place()
        let overruling = try files.settings + settings.map(parsedSetting)
        if let seed = overruling.first(where: { $0.key == "seed" }) {
            throw ValidationError("\(seed.place): a sweep's seeds are set in its file")
        }
        let planned = try SweepPlan(SweepFile(contentsOf: file), overruling: overruling)
        let folder = SweepFolder(path: output ?? "runs/\(planned.name)")
        let plan = try planned.named(in: folder).plan
        let patterns = only
        let isSelected: @Sendable (String) -> Bool = { name in
            patterns.isEmpty || patterns.contains { matches(name, pattern: $0) }
        }
        if !plan.runs.contains(where: { isSelected($0.name) }) {
            throw UsageError(
                "no run matches --only \(patterns.joined(separator: " or ")), such as \(plan.runs[0].name)")
        }
        if dryRun {
            try plan.check(isSelected, in: folder)
            let outline = SweepOutline(plan, selecting: isSelected)
            show(outline, on: console, folder: folder.path, place: place)
            return try console.result(outline)
        }
        var options = Sweep.Options(program: try ownProgram())
        options.place = place
        options.threads = threads
        options.arguments = engines.arguments
        options.selecting = isSelected
        let display = SweepDisplay(console: console, folder: folder.path, place: place)
        let sweep = try Sweep(plan, file: file, in: folder, options: options) { display.show($0) }
        do {
            let (record, state) = try await sweep.run()
            showTable(state, on: console)
            console.say("sweep      \(folder.path)/sweep.json")
            try console.result(record)
            let failed = record.runs.filter { $0.state == "failed" }
            guard failed.isEmpty else {
                let names = failed.map { "\($0.name): \($0.error ?? "")" }.joined(separator: "\n  ")
                throw UsageError("\(failed.count) of \(record.runs.count) runs failed\n  \(names)")
            }
        } catch let interruption as SweepInterruption {
            console.note("interrupted: the same command resumes the sweep")
            throw ExitCode(128 + interruption.signal)
        }
    }

    /// What `--on`, `--jobs` and `--sbatch` say.
    private func place() throws -> Sweep.Place {
        guard (1...1024).contains(threads) else {
            throw ValidationError("--threads must be in 1...1024, is \(threads)")
        }
        if let jobs, !(1...1024).contains(jobs) { throw ValidationError("--jobs must be in 1...1024, is \(jobs)") }
        switch on {
        case .here:
            guard sbatch.isEmpty else { throw ValidationError("--sbatch needs --on slurm") }
            return .processes(jobs: jobs ?? max(1, ProcessInfo.processInfo.activeProcessorCount / threads))
        case .slurm:
            var slurm = Sweep.SlurmOptions()
            slurm.jobs = jobs
            slurm.sbatch = try sbatch.map(sbatchOption)
            return .slurm(slurm)
        }
    }
}

/// Where a sweep's runs are executed.
enum SweepPlace: String, ExpressibleByArgument, CaseIterable {
    case here, slurm
}

/// `--sbatch time=1:00:00` as sbatch wants it. Options that the sweep itself sets are refused.
private func sbatchOption(_ text: String) throws -> String {
    let key = String(text.drop { $0 == "-" }.prefix { $0 != "=" })
    let own = [
        "array", "chdir", "clusters", "cpus-per-task", "job-name", "output", "parsable", "test-only", "wait", "wrap",
    ]
    // sbatch takes the beginning of a name for the name.
    if own.contains(where: { $0.hasPrefix(key) }) {
        let instead =
            [
                "clusters": ": set SBATCH_CLUSTERS", "cpus-per-task": ": use --threads", "test-only": ": use --dry-run",
            ][key] ?? ""
        throw ValidationError("--sbatch \(key) is not for a sweep's jobs\(instead)")
    }
    guard let first = key.first, first.isLetter, key.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "-" }) else {
        throw ValidationError("--sbatch wants key or key=value, is \(text)")
    }
    return "--" + text.drop { $0 == "-" }
}

/// Whether a name matches a pattern in which `*` stands for any text and `?` for any character.
func matches(_ name: String, pattern: String) -> Bool {
    let name = Array(name), pattern = Array(pattern)
    var reached = [Bool](repeating: false, count: name.count + 1)
    reached[0] = true
    for symbol in pattern {
        if symbol == "*" {
            for index in name.indices where reached[index] { reached[index + 1] = true }
        } else {
            for index in name.indices.reversed() {
                reached[index + 1] = reached[index] && (symbol == "?" || symbol == name[index])
            }
            reached[0] = false
        }
    }
    return reached[name.count]
}

import TinyRecords

/// Runs that differ in nothing but the seed.
struct Cell: Sendable, TrainedSize {
    /// By seed; never empty.
    let runs: [RecordedRun]
    /// All settings but the seed, as text.
    let key: String
    /// All settings but the seed and the tuned one, usually the learning rate. A *size* is all cells with the same key.
    let sizeKey: String

    var first: RecordedRun { runs[0] }
    var method: String { first.method }
    var algorithm: String { first.algorithm }
    var family: Family { Family(algorithm: algorithm) }
    var parameters: Int { first.manifest.trainedParameters }
    /// Peak learning rate; `nil` for cma-es, which does not use it.
    var learningRate: Double? { algorithm == "cma-es" ? nil : first.learningRate }
    var tunedKey: String { first.role.tunedKey }
    /// The value of the tuned setting.
    var tuned: SettingValue { settings[tunedKey] }
    var settings: Settings { first.settings }

    /// Settings in which cells can differ: those of the configuration, and what only the manifest says.
    var keys: Set<String> { Set(settings.keys).union(Self.described) }

    /// What only the manifest says: the engines in other processes, and the training data, compared by content.
    static let described = RecordedRun.engines + ["train"]

    /// The value of one of ``keys``; of the training data the hash.
    subscript(key: String) -> SettingValue {
        switch key {
        case "train": first.manifest.datasets["train"].map { .text($0.content) } ?? .null
        case _ where RecordedRun.engines.contains(key): first.manifest.schemes[key].map { .text($0) } ?? .null
        default: settings[key]
        }
    }

    /// Sorts runs into cells, in the order of their first runs.
    static func sorting(_ runs: [RecordedRun]) -> [Cell] {
        runs.inGroups { identity(of: $0, leavingOut: ["seed"]) }.map { key, runs in
            let runs = runs.sorted { ($0.seed, $0.name) < ($1.seed, $1.name) }
            return Cell(runs: runs, key: key, sizeKey: sizeKey(of: runs[0]))
        }
    }

    /// Everything that determines a run's numbers, except its seed and the setting that its sweep tunes.
    static func sizeKey(of run: RecordedRun) -> String { identity(of: run, leavingOut: ["seed", run.role.tunedKey]) }

    /// Settings of evaluation and logging, which do not change the training.
    private static let measuring: Set<String> = [
        "eval", "validation", "eval_problems", "eval_steps", "validation_problems", "samples_per_step", "eval_loss",
    ]

    /// Everything that determines a run's numbers, except some settings; files are compared by content.
    static func identity(of run: RecordedRun, leavingOut keys: Set<String>) -> String {
        var lines = ["model \(run.manifest.model.content)", "train \(run.manifest.datasets["train"]?.content ?? "")"]
        for key in run.settings.keys where !keys.contains(key) && !measuring.contains(key) {
            // A setting that is not given equals one that did not exist when the run was made.
            guard key != "model", key != "train", run.settings[key] != .null else { continue }
            let content = key == "initial_adapter" ? run.manifest.initialAdapter?.content : nil
            lines.append("\(key) \(content ?? run.settings[key].words)")
        }
        for engine in RecordedRun.engines {
            if let kind = run.manifest.schemes[engine] { lines.append("\(engine) \(kind)") }
        }
        return lines.joined(separator: "\n")
    }

    /// Settings that ``Differences`` leaves out: those with columns of their own, and ``measuring``.
    static let columns: Set<String> = measuring.union([
        "seed", "learning_rate", "parameters", "method", "algorithm", "model",
    ])
}

extension RecordedRun {
    /// Schemes of the manifest that name an engine in another process; a run without them computed everything itself.
    static let engines = [RunManifest.samplerScheme, RunManifest.learnerScheme]

    /// Everything that determines its part in a report, except whether it has validation results.
    var identity: String {
        let measured = Benchmark.all(of: self).map { "\($0.problemIdentity) \($0.problems)" }
        return (["seed \(seed)", Cell.identity(of: self, leavingOut: ["seed"])] + measured).joined(separator: "\n")
    }
}

extension Sequence {
    /// The elements in groups with the same key, in the order of their first elements.
    func inGroups<Key: Hashable>(by key: (Element) -> Key) -> [(key: Key, members: [Element])] {
        var groups: [(key: Key, members: [Element])] = [], places: [Key: Int] = [:]
        for element in self {
            let key = key(element)
            if let place = places[key] {
                groups[place].members.append(element)
            } else {
                places[key] = groups.count
                groups.append((key, [element]))
            }
        }
        return groups
    }
}

public import TinyRecords
public import TinyFoundation

/// Every run that a sweep may come to, complete and checked.
public struct SweepPlan: Sendable {
    /// What the sweep is called.
    public let name: String
    /// How a key is chosen per cell; `nil` when nothing is.
    public let tuning: SweepTuning?
    /// What is compared, in the order of the file.
    public let cells: [SweepCell]
    /// All runs of all cells, with every value of the tuned key.
    public private(set) var runs: [SweepRun]

    /// Works out the runs of a file.
    ///
    /// - Parameters:
    ///   - file: The sweep.
    ///   - overruling: Settings that take the place of the file's, as a recipe's flags do.
    /// - Throws: ``RunError`` naming the place of a setting that is wrong in any run, or overrules and is used by none, or two runs
    ///   that are the same.
    public init(_ file: SweepFile, overruling: [Setting] = []) throws(RunError) {
        name = file.name
        tuning = file.tuning
        var cells: [SweepCell] = []
        var runs: [SweepRun] = []
        var cellOf: [TrainingConfigurationKey: Int] = [:]
        for block in file.blocks {
            let seedAxis = block.axes.first { $0.key == "seed" }
            let seeds =
                try seedAxis.map { axis throws(RunError) in
                    try SweepFile.seeds(.list(axis.values), of: "seed", at: axis.place)
                } ?? file.seeds
            let tuned = block.axes.first { $0.key == file.tuning?.key && $0.values.count > 1 }
            let axes = block.axes.filter { $0.key != "seed" && $0.key != tuned?.key }
            for own in product(axes) {
                let cell = SweepCell(
                    index: cells.count, settings: own, candidates: tuned?.values ?? [], seeds: seeds,
                    tuningSeeds: tuned == nil ? [] : file.tuning?.seeds ?? [])
                cells.append(cell)
                for candidate in tuned.map({ $0.values.map(Optional.some) }) ?? [nil] {
                    for seed in cell.allSeeds {
                        var recipe = Recipe()
                        for setting in file.defaults + own { recipe.set(setting) }
                        if let candidate, let tuned { recipe.set(tuned.key, candidate, at: tuned.place) }
                        recipe.set("seed", .natural(seed), at: seedAxis?.place ?? file.path)
                        for setting in overruling { recipe.set(setting) }
                        let run = SweepRun(
                            index: runs.count, name: "", cell: cell.index, candidate: candidate, seed: seed,
                            configuration: try recipe.configuration())
                        try Self.check(run, of: cell, in: block)
                        if let twin = cellOf.updateValue(cell.index, forKey: .init(run.configuration)) {
                            throw RunError(
                                .invalidValue,
                                "\(block.place): two runs are the same: \(cell.description) and "
                                    + "\(cells[twin].description), seed \(seed)")
                        }
                        runs.append(run)
                        guard runs.count <= Self.mostRuns else {
                            throw RunError(
                                .malformed, "\(block.place): the sweep has more than \(Self.mostRuns) runs")
                        }
                    }
                }
            }
        }
        for setting in overruling { try setting.requireUse(in: runs.map(\.configuration)) }
        let names = SweepNames(cells: cells, runs: runs, tuned: file.tuning?.key)
        self.cells = cells.map { cell in
            var cell = cell
            cell.name = names.cells[cell.index]
            return cell
        }
        self.runs = runs.map { run in
            var run = run
            run.name = names.runs[run.index]
            return run
        }
    }

    /// A sweep of more runs than anybody waits for is a mistyped one.
    private static let mostRuns = 10_000

    /// The runs that a finished sweep has at least: where values are chosen, one value counts beyond the choice.
    public var expectedRuns: Int {
        cells.reduce(0) { sum, cell in
            guard !cell.candidates.isEmpty else { return sum + cell.seeds.count }
            let later = cell.seeds.filter { !cell.tuningSeeds.contains($0) }.count
            return sum + cell.candidates.count * cell.tuningSeeds.count + later
        }
    }

    /// Gives runs the names under which they were begun before, so that a changed file does not begin them anew.
    ///
    /// - Parameter begun: Settings of runs by the names they have.
    /// - Returns: Names of runs begun before that this plan has not.
    public mutating func keepNames(of begun: [String: TrainingConfiguration]) -> [String] {
        var names: [TrainingConfigurationKey: String] = [:]
        for name in begun.keys.sorted() {
            guard let configuration = begun[name] else { continue }
            let key = TrainingConfigurationKey(configuration)
            names[key] = names[key] ?? name
        }
        var taken = TakenNames(Array(begun.keys))
        var kept: Set<String> = []
        for index in runs.indices {
            if let old = names[TrainingConfigurationKey(runs[index].configuration)] {
                runs[index].name = old
                kept.insert(old)
            } else {
                runs[index].name = taken.add(runs[index].name)
            }
        }
        return begun.keys.filter { !kept.contains($0) }.sorted()
    }

    /// Names the arithmetic of every run that leaves it to its model, so that it is part of what identifies the run.
    ///
    /// - Parameter own: What the model of a run suggests; `nil` where it cannot be read, which fails the run later.
    /// - Throws: ``RunError`` for two runs that are the same then.
    mutating func nameArithmetic(_ own: (TrainingConfiguration) -> Arithmetic?) throws(RunError) {
        var known: [TrainingConfigurationKey: SweepRun] = [:]
        for index in runs.indices {
            runs[index].configuration.arithmetic =
                runs[index].configuration.arithmetic ?? own(runs[index].configuration)
            let run = runs[index]
            if let twin = known.updateValue(run, forKey: .init(run.configuration)) {
                throw RunError(
                    .invalidValue,
                    "two runs are the same: \(cells[twin.cell]) and \(cells[run.cell]), seed \(run.seed)",
                    hint: run.configuration.arithmetic.map { "the arithmetic of the model is \($0.rawValue)" })
            }
        }
    }

    private static func check(
        _ run: SweepRun, of cell: SweepCell, in block: SweepFile.Block
    ) throws(RunError) {
        if !cell.candidates.isEmpty, run.configuration.evaluation.validationProblems == 0 {
            throw RunError(
                .invalidValue, "\(block.place): validation_problems is 0, but there are values to choose from",
                hint: "set validation_problems under defaults")
        }
    }
}

/// Runs that differ in nothing but seed and tuned key.
public struct SweepCell: Sendable, CustomStringConvertible {
    /// Position in the plan.
    public let index: Int
    /// What the names of its runs begin with.
    public internal(set) var name = ""
    /// What its block sets, one value per key.
    public let settings: [Setting]
    /// Values of the tuned key to choose from; empty when there is nothing to choose.
    public let candidates: [SettingValue]
    /// Seeds that are run with the chosen value.
    public let seeds: [UInt64]
    /// Seeds whose runs decide.
    public let tuningSeeds: [UInt64]

    init(
        index: Int, settings: [Setting], candidates: [SettingValue], seeds: [UInt64], tuningSeeds: [UInt64]
    ) {
        self.index = index
        self.settings = settings
        self.candidates = candidates
        self.seeds = seeds
        self.tuningSeeds = tuningSeeds
    }

    /// Tuning seeds first, each once.
    var allSeeds: [UInt64] { tuningSeeds + seeds.filter { !tuningSeeds.contains($0) } }

    /// The block's settings in words.
    public var description: String {
        settings.isEmpty ? "the defaults" : settings.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}

/// One run of a sweep.
public struct SweepRun: Sendable {
    /// Position in the plan.
    public let index: Int
    /// Name of its directory, from what differs between runs: `tinylora-13-lr0.05-seed1`.
    public internal(set) var name: String
    /// Position of its cell.
    public let cell: Int
    /// Its value of the tuned key; `nil` when nothing is chosen in its cell.
    public let candidate: SettingValue?
    /// Its seed.
    public let seed: UInt64
    /// Everything resolved; the arithmetic may be left to the model.
    public internal(set) var configuration: TrainingConfiguration
}

/// A configuration as a key of a dictionary: equal configurations give equal text.
private struct TrainingConfigurationKey: Hashable {
    let text: String

    init(_ configuration: TrainingConfiguration) {
        text = (try? configuration.jsonLine()) ?? "\(configuration)"
    }
}

/// Every combination of one value per axis; the last axis changes fastest.
private func product(_ axes: [SweepFile.Axis]) -> [[Setting]] {
    axes.reduce([[]]) { combinations, axis in
        combinations.flatMap { combination in
            axis.values.map { combination + [Setting(axis.key, $0, at: axis.place)] }
        }
    }
}

public import TinyRecords

/// One configuration with several values of a tuned setting, usually the learning rate, compared on validation problems.
public struct TunedChoice: Sendable, Encodable, TrainedSize {
    /// The tuned setting.
    public let key: String
    /// What is trained.
    public let method: String
    /// How it is trained.
    public let algorithm: String
    /// Trained numbers.
    public let parameters: Int
    /// Settings in which it differs from others with the same method, algorithm and number of parameters.
    public let differences: String
    /// Mean accuracy of the untrained model on the same problems.
    public let untrained: Double?
    /// Every value that was tried, ascending.
    public let trials: [TunedTrial]
}

/// One value on validation problems.
public struct TunedTrial: Sendable, Encodable {
    /// The value of the tuned setting.
    public let value: SettingValue
    /// Mean accuracy by the strict grade over the seeds that all values have.
    public let accuracy: Double
    /// Runs of the mean.
    public let sources: [Source]
    /// Whether this is the best of its size; of several best ones, the smallest. None is where one was not measured.
    public let isChosen: Bool

    private enum CodingKeys: String, CodingKey {
        case value, accuracy, sources
        case isChosen = "chosen"
    }
}

/// Cells that differ in the tuned setting only.
struct Size {
    let cells: [Cell]

    static func sorting(_ cells: [Cell]) -> [Size] {
        cells.inGroups(by: \.sizeKey).map { Size(cells: $0.members.sorted { precedes($0.tuned, $1.tuned) }) }
    }

    /// The validation problems that most cells were measured on, of equals those of the smallest value.
    private var validationProblems: ValidationProblems? {
        cells.flatMap { $0.runs.compactMap(\.validationProblems).inGroups { $0 }.map(\.key) }
            .inGroups { $0 }.max { $0.members.count < $1.members.count }?.key
    }

    /// Runs with an accuracy on the problems of most cells; a run that was measured on others counts as not measured.
    private func comparable(_ runs: [RecordedRun]) -> [RecordedRun] {
        guard let problems = validationProblems else { return [] }
        return runs.filter { $0.validationProblems == problems }
    }

    /// Every cell with such runs, and its mean over the seeds that all such cells have. A sweep compares values
    /// with some seeds and runs the other seeds with the chosen value only, so means over all seeds cannot be compared.
    private var trials: [(cell: Cell, accuracy: Double, sources: [Source])] {
        let measured = cells.map { ($0, comparable($0.runs)) }.filter { !$0.1.isEmpty }
        let seedSets = measured.map { Set($0.1.map(\.seed)) }
        let seeds = seedSets.dropFirst().reduce(seedSets.first ?? []) { $0.intersection($1) }
        return measured.map { cell, runs in
            let found = (seeds.isEmpty ? runs : runs.filter { seeds.contains($0.seed) })
                .compactMap { run in run.validation.map { (run.name, $0) } }
            return (cell, mean(found.map(\.1.value.strict)), found.map { Source(run: $0.0, line: $0.1.line) })
        }
    }

    /// The cells a table shows: the chosen one, or all where one has no results on the same validation problems: nothing can be said to be better
    /// than what was not measured.
    var shown: [(cell: Cell, choice: ChoiceKind)] {
        var trials = trials
        guard trials.count == cells.count else { return cells.map { ($0, cells.count == 1 ? .only : .none) } }
        // Where a sweep has chosen, only runs of its choice count.
        let kept = trials.filter { trial in trial.cell.runs.contains { !$0.role.isTrial } }
        if !kept.isEmpty { trials = kept }
        // Values ascend and only a better one replaces the best, so the smallest of several best ones is chosen.
        var best: (cell: Cell, accuracy: Double)?
        for trial in trials where trial.accuracy > best?.accuracy ?? -1 { best = (trial.cell, trial.accuracy) }
        return best.map { [($0.cell, cells.count == 1 ? .only : .validation)] } ?? []
    }

    /// The comparison; `nil` unless at least one value was measured on validation problems and several were tried.
    func selection(differences: Differences) -> TunedChoice? {
        let trials = trials
        guard let first = trials.first, cells.count > 1 else { return nil }
        let chosen = shown.first { $0.choice == .validation }?.cell
        let untrained = comparable(cells.flatMap(\.runs)).filter(\.startsUntrained).compactMap { run in
            run.evaluations.first { $0.isValidation && $0.step == 0 }?.strict
        }
        return TunedChoice(
            key: first.cell.tunedKey, method: first.cell.method, algorithm: first.cell.algorithm,
            parameters: first.cell.parameters,
            differences: differences.words(for: first.cell, leavingOut: first.cell.tunedKey),
            untrained: untrained.isEmpty ? nil : mean(untrained),
            trials: trials.map { trial in
                TunedTrial(
                    value: trial.cell.tuned, accuracy: trial.accuracy, sources: trial.sources,
                    isChosen: trial.cell.key == chosen?.key)
            })
    }
}

/// Numbers by size, then everything else by name.
func precedes(_ a: SettingValue, _ b: SettingValue) -> Bool {
    switch (a.magnitude, b.magnitude) {
    case (let x?, let y?): x < y
    case (nil, nil): a.words < b.words
    case (let x, _): x != nil
    }
}

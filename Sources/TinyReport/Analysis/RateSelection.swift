/// One configuration at several learning rates, compared on validation problems.
public struct RateSelection: Sendable, Encodable {
    /// What is trained.
    public let method: String
    /// How it is trained.
    public let algorithm: String
    /// Trained numbers.
    public let parameters: Int
    /// Settings in which it differs from others with the same method, algorithm and number of parameters.
    public let differences: String
    /// Every rate, ascending.
    public let rates: [RateTrial]
}

/// One learning rate on validation problems.
public struct RateTrial: Sendable, Encodable {
    /// Peak learning rate.
    public let learningRate: Double
    /// Mean accuracy over seeds by the strict grade.
    public let accuracy: Double
    /// Runs behind the mean.
    public let sources: [Source]
    /// Whether this is the best of its size; of equals the smallest rate.
    public let isChosen: Bool

    private enum CodingKeys: String, CodingKey {
        case accuracy, sources
        case learningRate = "learning_rate"
        case isChosen = "chosen"
    }
}

/// Cells that differ in the learning rate only.
struct Size {
    let cells: [Cell]

    static func sorting(_ cells: [Cell]) -> [Size] {
        var order: [String] = [], members: [String: [Cell]] = [:]
        for cell in cells {
            if members[cell.sizeKey] == nil { order.append(cell.sizeKey) }
            members[cell.sizeKey, default: []].append(cell)
        }
        return order.compactMap { members[$0] }.map { cells in
            Size(cells: cells.sorted { ($0.learningRate ?? 0) < ($1.learningRate ?? 0) })
        }
    }

    /// Every cell with validation evaluations, and their mean.
    private var trials: [(cell: Cell, accuracy: Double, sources: [Source])] {
        cells.compactMap { cell in
            let found = cell.runs.compactMap { run in run.validation.map { (run.name, $0) } }
            guard !found.isEmpty else { return nil }
            return (
                cell, mean(found.map(\.1.value.strict)), found.map { Source(run: $0.0, line: $0.1.line) }
            )
        }
    }

    /// The cells a table shows: the chosen one, or all when nothing chose.
    var shown: [(cell: Cell, choice: RateChoice)] {
        let trials = trials
        // Rates ascend and only a better one replaces, so the smallest of equals stays.
        var best: (cell: Cell, accuracy: Double)?
        for trial in trials where trial.accuracy > best?.accuracy ?? -1 { best = (trial.cell, trial.accuracy) }
        if let best { return [(best.cell, cells.count == 1 ? .only : .validation)] }
        return cells.map { ($0, cells.count == 1 ? .only : .none) }
    }

    /// The comparison; `nil` unless at least one rate was measured on validation problems and several were tried.
    func selection(differences: (Cell) -> String) -> RateSelection? {
        let trials = trials.filter { $0.cell.learningRate != nil }
        guard let first = trials.first, cells.count > 1, let chosen = shown.first?.cell else { return nil }
        return RateSelection(
            method: first.cell.method, algorithm: first.cell.algorithm, parameters: first.cell.parameters,
            differences: differences(first.cell),
            rates: trials.map { trial in
                RateTrial(
                    learningRate: trial.cell.learningRate ?? 0, accuracy: trial.accuracy, sources: trial.sources,
                    isChosen: trial.cell.key == chosen.key)
            })
    }
}

internal import TinyRecords

/// How far a sweep is: outcomes go in, the runs that are due come out.
///
/// It knows no process and no clock, so it is tested as a table.
///
/// ```swift
/// var state = SweepState(plan)
/// let run = state.due()[0]                 // the longest first
/// state.begin(run.name)
/// state.end(run.name, .finished(SweepScore(test: 0.8, validation: 0.82)))
/// state.due()                              // the others, and once a cell's choice is made, its other seeds
/// ```
public struct SweepState: Sendable {
    /// What is run.
    public let plan: SweepPlan
    /// How runs ended.
    public private(set) var outcomes: [String: SweepOutcome]
    /// Runs that are under way.
    public private(set) var running: Set<String> = []
    private let isSelected: @Sendable (String) -> Bool
    private let costs: [Double]
    /// The runs of each cell.
    private let members: [[SweepRun]]

    /// A sweep at its beginning, or where it was left.
    ///
    /// - Parameters:
    ///   - outcomes: How runs ended before. Failed runs are left out by whoever wants them tried again.
    ///   - isSelected: Which runs may be begun, by name; others only count where they are done.
    public init(
        _ plan: SweepPlan, outcomes: [String: SweepOutcome] = [:],
        selecting isSelected: @escaping @Sendable (String) -> Bool = { _ in true }
    ) {
        self.plan = plan
        self.outcomes = outcomes
        self.isSelected = isSelected
        costs = plan.runs.map { RunEstimate($0.configuration).cost }
        var members = [[SweepRun]](repeating: [], count: plan.cells.count)
        for run in plan.runs { members[run.cell].append(run) }
        self.members = members
    }

    /// Runs that can begin, those that take longest first so that no processor is left alone with one at the end.
    public func due() -> [SweepRun] {
        needed().filter { outcomes[$0.name] == nil && !running.contains($0.name) && isSelected($0.name) }
            .sorted { (-costs[$0.index], $0.index) < (-costs[$1.index], $1.index) }
    }

    /// A run is under way.
    public mutating func begin(_ name: String) { running.insert(name) }

    /// A run has ended.
    public mutating func end(_ name: String, _ outcome: SweepOutcome) {
        running.remove(name)
        outcomes[name] = outcome
    }

    /// A run was stopped before its end and can be gone on with.
    public mutating func interrupt(_ name: String) { running.remove(name) }

    /// The runs of a cell, with every value of its tuned key.
    public func runs(of cell: SweepCell) -> [SweepRun] { members[cell.index] }

    /// Whether nothing is under way or can begin.
    public var isOver: Bool { running.isEmpty && due().isEmpty }

    /// Runs that are known to be needed: all that decide, and the others of each cell once its choice is made.
    public func needed() -> [SweepRun] {
        plan.cells.flatMap { cell in
            let runs = members[cell.index]
            guard !cell.candidates.isEmpty else { return runs }
            let chosen = choice(of: cell)?.value
            return runs.filter { run in
                cell.tuningSeeds.contains(run.seed) || chosen != nil && run.candidate == chosen
            }
        }
    }

    /// At most so many runs become due once choices are made: one for each further seed of a cell without a choice, if all of its deciding
    /// runs have ended or are selected, and a run of that seed is selected.
    public var awaitingChoice: Int {
        plan.cells.reduce(0) { sum, cell in
            guard !cell.candidates.isEmpty, choice(of: cell) == nil else { return sum }
            let deciding = members[cell.index].filter { cell.tuningSeeds.contains($0.seed) }
            guard deciding.allSatisfy({ outcomes[$0.name] != nil || isSelected($0.name) }) else { return sum }
            let further = members[cell.index].filter { !cell.tuningSeeds.contains($0.seed) && isSelected($0.name) }
            return sum + Set(further.map(\.seed)).count
        }
    }

    /// Runs whose results count: those of every seed, with the chosen value where there is a choice.
    public func isFinal(_ run: SweepRun) -> Bool {
        let cell = plan.cells[run.cell]
        guard cell.seeds.contains(run.seed) else { return false }
        return cell.candidates.isEmpty || run.candidate == choice(of: cell)?.value
    }

    /// The choice of each cell that has one to make and whose deciding runs have all ended.
    public var choices: [SweepChoice] { plan.cells.compactMap(choice) }

    private func choice(of cell: SweepCell) -> SweepChoice? {
        guard !cell.candidates.isEmpty, let key = plan.tuning?.key else { return nil }
        var candidates: [SweepChoice.Candidate] = []
        for value in cell.candidates {
            let runs = members[cell.index].filter { $0.candidate == value && cell.tuningSeeds.contains($0.seed) }
            var scores: [SweepScore] = []
            for run in runs {
                switch outcomes[run.name] {
                case nil: return nil
                case .finished(let score): scores.append(score)
                case .failed: break
                }
            }
            // A value with which any run failed is out, however good the others were.
            func mean(_ part: (SweepScore) -> Double?) -> Double? {
                let known = scores.compactMap(part)
                return known.count == runs.count ? known.reduce(0, +) / Double(known.count) : nil
            }
            candidates.append(
                SweepChoice.Candidate(
                    value: value, validation: mean(\.validation), score: mean(\.meanScore), runs: runs.map(\.name)))
        }
        return SweepChoice(cell: cell.name, key: key, candidates: candidates)
    }
}

/// How a run ended.
public enum SweepOutcome: Sendable, Equatable {
    /// With a trained adapter.
    case finished(SweepScore)
    /// Before its end; the sentence says why.
    case failed(String)
}

/// The result of a run.
public struct SweepScore: Sendable, Equatable {
    /// Share of right answers on test problems.
    public var test: Double?
    /// Share of right answers on validation problems.
    public var validation: Double?
    /// Mean score on validation problems, where the grader gives scores.
    public var meanScore: Double?

    /// Makes a score from its parts.
    public init(test: Double? = nil, validation: Double? = nil, meanScore: Double? = nil) {
        self.test = test
        self.validation = validation
        self.meanScore = meanScore
    }
}

/// What a sweep would do.
public struct SweepOutline: Encodable, Sendable {
    /// The sweep's name.
    public let name: String
    /// Cells of its grid.
    public let cells: Int
    /// Runs that are needed once values are chosen.
    public let expectedRuns: Int
    /// Runs that may be needed.
    public let runs: [Run]

    /// One run that may be needed.
    public struct Run: Encodable, Sendable {
        /// The run's name.
        public let name: String
        /// Its cell.
        public let cell: String
        /// Its random seed.
        public let seed: UInt64
        /// Whether its validation accuracy decides on a value.
        public let tuning: Bool
        /// Completions and tokens.
        public let estimate: RunEstimate
    }

    /// Works out what a plan means. Cost: for runs of epochs, that of reading their problems as ``RunOutline`` does, the same ones
    /// once. Where they cannot be read, the estimate has no steps.
    public init(
        _ plan: SweepPlan, selecting isSelected: (String) -> Bool, checks: RunChecks = RunChecks()
    ) {
        name = plan.name
        cells = plan.cells.count
        expectedRuns = plan.expectedRuns
        runs = plan.runs.filter { isSelected($0.name) }.map { run in
            let cell = plan.cells[run.cell]
            return Run(
                name: run.name, cell: cell.name, seed: run.seed, tuning: cell.tuningSeeds.contains(run.seed),
                estimate: RunEstimate((try? checks.resolvingEpochs(run.configuration)) ?? run.configuration))
        }
    }

    private enum CodingKeys: String, CodingKey {
        case name, cells, runs
        case expectedRuns = "expected_runs"
    }
}

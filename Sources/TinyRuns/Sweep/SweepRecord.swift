public import TinyFoundation
public import TinyRecords

/// A sweep as `sweep.json` of its folder keeps it: what is planned, how far it is, what was chosen and why.
public struct SweepRecord: Record {
    /// One run.
    public struct Run: Codable, Sendable, Equatable {
        /// Name of its folder.
        public var name: String
        /// Name of its cell.
        public var cell: String
        /// What distinguishes its cell, and its value of the tuned key.
        public var settings: [String: SettingValue]
        /// How products with its model's weights are computed; `nil` where its model could not be read.
        public var arithmetic: Arithmetic?
        /// Its seed.
        public var seed: UInt64
        /// `waiting`, `running`, `finished`, `failed`, or `unneeded` when another value was chosen.
        public var state: String
        /// Whether its result counts: a final run has the chosen value and one of the sweep's seeds.
        public var final: Bool
        /// Share of right answers on test problems.
        public var test: Double?
        /// Share of right answers on validation problems.
        public var validation: Double?
        /// Why it failed.
        public var error: String?
    }

    /// What the sweep is called.
    public var name: String
    /// The file it was read from.
    public var file: String
    /// Version of this software.
    public var version: String
    /// When the sweep was first begun, in ISO 8601.
    public var created: String
    /// The tuned key, if any.
    public var tune: String?
    /// Every run that may be needed, in the order of the file.
    public var runs: [Run]
    /// The choices made.
    public var choices: [SweepChoice]
    /// Runs that were begun when the file still asked for them.
    public var gone: [String]

    /// Describes a sweep.
    public init(_ state: SweepState, file: String, version: String, created: String, gone: [String]) {
        let plan = state.plan
        let needed = Set(state.needed().map(\.name)), choices = state.choices
        name = plan.name
        self.file = file
        self.version = version
        self.created = created
        tune = plan.tuning?.key
        self.choices = choices
        self.gone = gone
        runs = plan.runs.map { run in
            let cell = plan.cells[run.cell]
            var settings = Dictionary(cell.settings.map { ($0.key, $0.value) }) { $1 }
            if let key = plan.tuning?.key, let value = run.candidate { settings[key] = value }
            var described = Run(
                name: run.name, cell: cell.name, settings: settings, arithmetic: run.configuration.arithmetic,
                seed: run.seed, state: "waiting",
                final: state.isFinal(run))
            switch state.outcomes[run.name] {
            case .finished(let score):
                described.state = "finished"
                described.test = score.test
                described.validation = score.validation
            case .failed(let error):
                described.state = "failed"
                described.error = error
            case nil:
                let isChosen = choices.contains { $0.cell == cell.name }
                if state.running.contains(run.name) {
                    described.state = "running"
                } else if !needed.contains(run.name), isChosen {
                    described.state = "unneeded"
                }
            }
            return described
        }
    }
}

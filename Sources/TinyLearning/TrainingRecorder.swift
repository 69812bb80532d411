public import TinyRecords

/// Where a run's steps and evaluations are kept. A run directory is one.
public protocol TrainingRecorder: Sendable {
    /// Keeps a finished step. It is durable once this returns.
    ///
    /// - Parameters:
    ///   - step: The step, its state included.
    ///   - samples: Completions of the step that are shown to people.
    ///   - savesState: Whether a state too large for the step's line is written now.
    func append(_ step: StepRecord, samples: [SampleRecord], savesState: Bool) throws

    /// Keeps a finished evaluation.
    func append(_ evaluation: EvaluationRecord) throws
}

/// What a run has done so far.
public struct RunProgress: Sendable {
    /// Every finished step from which the run goes on.
    public var steps: [StepRecord]
    /// The state after the last of them; `nil` before the first.
    public var state: TrainingState?
    /// Every finished evaluation.
    public var evaluations: [EvaluationRecord]
    /// What is missing from the records without keeping the run from going on, as sentences.
    public var warnings: [String] = []

    /// Describes the progress of a run; by default it has not started.
    public init(steps: [StepRecord] = [], state: TrainingState? = nil, evaluations: [EvaluationRecord] = []) {
        self.steps = steps
        self.state = state
        self.evaluations = evaluations
    }
}

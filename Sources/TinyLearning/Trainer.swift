public import TinyRecords
import TinyFoundation

/// What one algorithm knows: how a step is made from the state before it.
///
/// ``TrainingLoop`` does what is the same for all of them: evaluation, the run's directory, resuming, warnings.
public protocol Trainer: Sendable {
    /// The run's settings.
    var configuration: TrainingConfiguration { get }

    /// The state before the first step.
    func startingState() -> TrainingState

    /// Makes a step. It depends on nothing but the trainer and its arguments.
    ///
    /// - Parameters:
    ///   - step: Number of the step; the first is 1.
    ///   - state: The state after the step before.
    ///   - metrics: Metrics of the step before, whose totals go on; `nil` for the first.
    ///   - report: Called with what happens within the step, from any thread.
    func makeStep(
        _ step: Int, from state: TrainingState, after metrics: StepMetrics?,
        report: @escaping @Sendable (TrainingEvent) -> Void
    ) async throws -> FinishedStep

    /// Signs that the run is going nowhere, after the last of these steps.
    func warnings(after history: [StepMetrics]) -> [TrainingWarning]
}

extension Trainer {
    /// The numbers as the adapter stores them, which is what every forward pass uses.
    public func stored(_ parameters: [Float]) -> [Float] {
        parameters.map(configuration.adapter.elementType.rounded)
    }
}

/// A step that is done but not yet written.
public struct FinishedStep: Sendable {
    /// Number of the step.
    public var step: Int
    /// What was measured.
    public var metrics: StepMetrics
    /// The state after the step.
    public var state: TrainingState
    /// How long it took.
    public var time: StepTime
    /// Completions to show.
    public var samples: [SampleRecord]

    /// Makes a step from its parts.
    public init(step: Int, metrics: StepMetrics, state: TrainingState, time: StepTime, samples: [SampleRecord]) {
        self.step = step
        self.metrics = metrics
        self.state = state
        self.time = time
        self.samples = samples
    }
}

public import TinyRecords

/// What a run came to.
public struct TrainingResult: Sendable {
    /// The trained numbers in full precision, and the optimiser's memory.
    public var state: TrainingState
    /// The trained numbers as the adapter stores them, which is what every forward pass used.
    public var stored: [Float]
    /// Metrics of every step, those before a resumption included.
    public var metrics: [StepMetrics]
    /// Every evaluation, the base model's first.
    public var evaluations: [EvaluationRecord]
}

public import TinyRecords
import TinyFoundation

/// The learning rate of each step.
///
/// With `i = step - 1`, `w` warm-up steps and `n` steps: `peak · i / w` while `i < w`; afterwards `peak`,
/// `peak · (n - i) / (n - w)` or `peak · ½ (1 + cos(π (i - w) / (n - w)))`. With a warm-up the first step has rate 0.
///
/// Source: the schedules of the same names in Hugging Face transformers, whose `constant` with a warm-up is called
/// `constant_with_warmup`.
public struct LearningRateSchedule: Sendable {
    private let settings: OptimiserSettings
    private let steps: Int

    /// Describes a run of `steps` steps.
    public init(_ settings: OptimiserSettings, steps: Int) {
        self.settings = settings
        self.steps = steps
    }

    /// The rate of a step; the first is 1.
    public func rate(step: Int) -> Double {
        let index = step - 1, warmup = settings.warmupSteps
        if index < warmup { return settings.learningRate * Double(index) / Double(warmup) }
        let done = Double(index - warmup) / Double(max(1, steps - warmup))
        switch settings.schedule {
        case .constant: return settings.learningRate
        case .linear: return settings.learningRate * max(0, 1 - done)
        case .cosine: return settings.learningRate * 0.5 * (1 + exactCosine(halfTurns: min(1, done)))
        }
    }
}

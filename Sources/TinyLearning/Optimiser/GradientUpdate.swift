import TinyEngine
import TinyRecords
import TinyFoundation

/// One update of the trained parameters: clips the gradient's norm and applies AdamW. Stops the run at a value that is not finite.
struct GradientUpdate {
    /// Step that makes the update, for errors.
    let step: Int
    /// Betas, longest gradient, decay.
    let settings: OptimiserSettings
    /// How the numbers are stored.
    let elementType: ElementType

    /// Makes the update.
    ///
    /// - Returns: The state after it, and the gradient's Euclidean norm before it was shortened.
    /// - Throws: ``TrainingError`` with code `engineMismatch` for a gradient of another size, or `notFinite`.
    func applied(
        to state: TrainingState, gradient: [Float], loss: Double, learningRate: Double
    ) throws(TrainingError) -> (state: TrainingState, norm: Double) {
        guard gradient.count == state.parameters.count else {
            throw TrainingError(
                .engineMismatch,
                "the learner returned a gradient of \(gradient.count) numbers, the adapter has \(state.parameters.count)"
            )
        }
        try checkFinite(gradient, named: "derivative of the loss by")
        var gradient = gradient
        let norm = shorten(&gradient, toNorm: settings.maxGradientNorm)
        guard loss.isFinite, norm.isFinite else {
            throw TrainingError(
                .notFinite, "in step \(step) the loss is \(loss) and the gradient's norm \(norm); \(kept)",
                hint: "a smaller learning_rate, or a larger beta, keeps the policy near where it began")
        }
        var parameters = state.parameters
        var optimiser = AdamW(settings, resuming: state)
        optimiser.update(&parameters, gradient: gradient, learningRate: learningRate)
        try checkFinite(parameters.map(elementType.rounded), named: "stored value of")
        // An infinite moment would hold its number still for ever.
        try checkFinite(optimiser.secondMoment, named: "second moment of")
        let next = TrainingState(
            parameters: parameters, firstMoment: optimiser.firstMoment, secondMoment: optimiser.secondMoment,
            updates: optimiser.updates)
        return (next, norm)
    }

    private func checkFinite(_ values: [Float], named name: String) throws(TrainingError) {
        guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
        throw TrainingError(
            .notFinite, "in step \(step) the \(name) number \(index) is \(values[index]); \(kept)",
            hint: "a smaller learning_rate or max_grad_norm keeps the numbers in range")
    }

    private var kept: String { "the \(step - 1) steps before are kept" }
}

/// Checks that a learner scored what it was asked to score.
func checkCounts(of logprobs: [[Float]], scoring sequences: [ScoredSequence]) throws(TrainingError) {
    guard logprobs.map(\.count) == sequences.map(\.completion.count) else {
        throw TrainingError(
            .engineMismatch,
            "the learner returned log-probabilities for \(logprobs.count) completions of "
                + "\(logprobs.reduce(0) { $0 + $1.count }) tokens, expected \(sequences.count) of "
                + "\(sequences.reduce(0) { $0 + $1.completion.count })")
    }
}

/// Where the time of a pass through a model goes, for benchmarks.
///
/// `@unchecked Sendable`: only the thread that runs the pass uses it.
package final class Stopwatch: @unchecked Sendable {
    /// A kind of work.
    package enum Part: String, CaseIterable, Sendable {
        /// Products with the weights of the layers, rounding of their rows included.
        case products
        /// What an adapter does outside of them.
        case adapter
        case attention
        /// Norms, biases and the sums of the residual stream.
        case norms
        case activation
        /// The output head: products with the vocabulary, and what is made of the logits.
        case head
        /// The choice of tokens.
        case sampling
    }

    /// Seconds of each part.
    package private(set) var seconds: [Part: Double] = [:]

    package init() {}

    package func reset() { seconds = [:] }

    fileprivate func add(_ time: Duration, to part: Part) { seconds[part, default: 0] += time / .seconds(1) }
}

extension WorkerTeam {
    /// Runs `body`, and counts its time for a part if a stopwatch is set.
    package func timed<Result, Failure: Error>(
        _ part: Stopwatch.Part, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let stopwatch else { return try body() }
        let start = ContinuousClock.now
        defer { stopwatch.add(ContinuousClock.now - start, to: part) }
        return try body()
    }
}

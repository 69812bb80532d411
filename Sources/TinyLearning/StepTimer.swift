import Foundation
import Synchronization
import TinyRecords

/// Measures how long one step takes: its sampling, and everything else as training.
struct StepTimer {
    private let began = ContinuousClock.now
    private let usedBefore = processorSeconds()
    private var sampled = Duration.zero
    private var idleShare: Double?

    /// Samples a step's completions.
    ///
    /// - Parameters:
    ///   - report: Where the step's events go.
    ///   - body: Samples, with a place for its events.
    mutating func sampling<Result>(
        _ report: @escaping @Sendable (TrainingEvent) -> Void,
        _ body: (@escaping @Sendable (TrainingEvent) -> Void) async throws -> Result
    ) async rethrows -> Result {
        let start = ContinuousClock.now, idle = Mutex(IdleShare(from: start))
        let result = try await body { event in
            if case .sampling(_, _, let finished, let completions) = event {
                idle.withLock { $0.note(finished, of: completions, at: .now) }
            }
            report(event)
        }
        sampled = ContinuousClock.now - start
        idleShare = idle.withLock { $0.share }
        return result
    }

    /// The time until now.
    ///
    /// - Parameter tokens: Tokens sampled, or learned from in a step without sampling.
    func time(tokens: Int) -> StepTime {
        let seconds = (ContinuousClock.now - began) / .seconds(1), sampled = sampled / .seconds(1)
        return StepTime(
            seconds: seconds, rolloutSeconds: sampled, trainingSeconds: seconds - sampled,
            tokensPerSecond: Double(tokens) / max(sampled > 0 ? sampled : seconds, 1e-9), idleShare: idleShare,
            cpuSeconds: processorSeconds() - usedBefore)
    }
}

/// Processor time that this process has used, of all its threads.
private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// How much of a batch had ended, as a mean over time.
package struct IdleShare {
    private let start: ContinuousClock.Instant
    private var last: ContinuousClock.Instant
    /// Share that has ended since ``last``.
    private var ended = 0.0
    /// The share's sum over time, in seconds.
    private var sum = 0.0

    /// Begins with everything running.
    package init(from start: ContinuousClock.Instant) {
        self.start = start
        last = start
    }

    /// Notes that `finished` of `count` have ended.
    package mutating func note(_ finished: Int, of count: Int, at time: ContinuousClock.Instant) {
        sum += ended * ((time - last) / .seconds(1))
        ended = count > 0 ? Double(finished) / Double(count) : 0
        last = time
    }

    /// The mean until the last note; `nil` where no time had passed.
    package var share: Double? { last > start ? sum / ((last - start) / .seconds(1)) : nil }
}

internal import TinyFoundation

/// The failures of an engine, or of one request, since the last success: when to ask again, and when to give up.
///
/// It reads no clock: whoever adds a failure says when it was.
package struct FailureStreak: Sendable {
    /// How many failures there were.
    package private(set) var count = 0
    /// How many of them were answers of an engine that was there and not busy.
    private var refusals = 0
    private var last: ServerFailure?
    /// When the first one was.
    private var start: ContinuousClock.Instant?

    /// Most refusals of one request.
    package static let mostRefusals = 10
    /// The wait after the first failure; each further one is twice as long.
    private static let firstWait = Duration.milliseconds(500)

    /// No failure.
    package init() {}

    /// Adds a failure.
    package mutating func add(_ failure: ServerFailure, at now: ContinuousClock.Instant) {
        count += 1
        switch failure {
        case .passing(_, wait: nil), .late, .unknownAdapter, .lasting: refusals += 1
        case .passing, .lost: break  // it is busy or loading, or nobody is there
        }
        last = failure
        start = start ?? now
    }

    /// The wait before the next attempt: at least what the engine asks for.
    ///
    /// - Parameter longest: Upper limit of the wait, unless the engine asks for a longer one.
    package func wait(atMost longest: Duration) -> Duration {
        guard count > 0 else { return .zero }
        let wait = min(Self.firstWait * (1 << min(count - 1, 10)), longest)
        guard case .passing(_, let asked?) = last else { return wait }
        return max(wait, asked)
    }

    /// How long there has been no success.
    package func silence(at now: ContinuousClock.Instant) -> Duration { start.map { $0.duration(to: now) } ?? .zero }

    /// Gives up one request.
    ///
    /// - Throws: ``RemoteError`` with code `refused` after ``mostRefusals``.
    package func requireFewRefusals() throws(RemoteError) {
        guard refusals >= Self.mostRefusals else { return }
        let isLate = if case .late = last { true } else { false }
        throw RemoteError(
            .refused, "\(last?.message ?? "refused") (\(refusals) times)",
            hint: isLate ? "raise the server's time limit (--timeout of tinylora serve), or lower max_tokens" : nil)
    }

    /// Gives up all engines of one kind.
    ///
    /// - Parameter kind: What they are called, such as `server`.
    /// - Throws: ``RemoteError`` with code `unreachable` when there has been no success for the whole patience.
    package func require(
        _ patience: Duration, at now: ContinuousClock.Instant, of kind: String
    ) throws(RemoteError) {
        let silence = silence(at: now)
        guard let last, silence >= patience else { return }
        throw RemoteError(
            .unreachable,
            "no \(kind) has answered for \(Int(silence / .seconds(1))) s; the last failure: \(last.message)",
            hint: "start the \(kind) and resume the run: every finished step is kept")
    }
}

extension ServerFailure {
    /// What people are told of the first failure.
    func notice(of patience: Duration) -> String {
        if case .late = self { return "\(message); trying again, \(FailureStreak.mostRefusals) times at most" }
        return "\(message); trying again for \(Int(patience / .seconds(1))) s"
    }
}

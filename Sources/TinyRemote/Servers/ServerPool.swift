internal import Synchronization
internal import TinyEngine
internal import TinyFoundation

/// Several servers of the same model: gives each request to one that answers, and tries again where that may help.
final class ServerPool: Sendable {
    private struct State {
        /// Requests under way, by server.
        var load: [Int]
        /// Failures since the last success, by server.
        var failures: [FailureStreak]
        /// When a server that failed is asked again.
        var restsUntil: [ContinuousClock.Instant]
        /// Failures of all servers since any succeeded.
        var silence = FailureStreak()
    }

    let seats: [ServerSeat]
    private let settings: RemoteSettings
    private let state: Mutex<State>

    /// A pool of at least one server.
    init(_ seats: [ServerSeat], settings: RemoteSettings) {
        self.seats = seats
        self.settings = settings
        state = Mutex(
            State(
                load: seats.map { _ in 0 }, failures: seats.map { _ in FailureStreak() },
                restsUntil: seats.map { _ in .now }))
    }

    /// Requests that are worth having under way at once.
    var parallelRequests: Int { seats.reduce(0) { $0 + $1.server.parallelRequests } }

    /// Completes one prompt once, with the same random numbers at every attempt.
    ///
    /// - Throws: ``RemoteError`` with code `unreachable` when no server answered for the whole patience, `refused` when one
    ///   answers but not this request, and what no other attempt would change.
    func complete(_ job: RemoteJob) async throws -> Completion {
        var failures = FailureStreak()
        while true {
            let place = try await take()
            do {
                let completion = try await seats[place].complete(job)
                succeeded(place)
                return completion
            } catch let failure as ServerFailure {
                if case .lasting(let error) = failure {
                    leave(place)
                    throw error
                }
                let now = ContinuousClock.now
                try failed(place, failure, at: now)
                failures.add(failure, at: now)
                try failures.requireFewRefusals()
            } catch {
                leave(place)
                throw error
            }
        }
    }

    /// The server with the fewest requests among those that do not rest; waits for one.
    private func take() async throws -> Int {
        while true {
            let (place, wait) = state.withLock { state -> (Int?, Duration) in
                let now = ContinuousClock.now
                let awake = seats.indices.filter { state.restsUntil[$0] <= now }
                let shares = seats.map { Double($0.server.parallelRequests) }
                if let place = awake.min(by: {
                    Double(state.load[$0]) / shares[$0] < Double(state.load[$1]) / shares[$1]
                }) {
                    state.load[place] += 1
                    return (place, .zero)
                }
                return (nil, now.duration(to: state.restsUntil.min() ?? now))
            }
            if let place { return place }
            try await Task.sleep(for: wait)
        }
    }

    private func leave(_ place: Int) { state.withLock { $0.load[place] -= 1 } }

    private func succeeded(_ place: Int) {
        let isBack = state.withLock { state in
            state.load[place] -= 1
            defer { state.failures[place] = FailureStreak() }
            state.silence = FailureStreak()
            return state.failures[place].count > 0
        }
        if isBack { settings.note("\(seats[place].server.name) answers again") }
    }

    private func failed(_ place: Int, _ failure: ServerFailure, at now: ContinuousClock.Instant) throws(RemoteError) {
        let (isNew, silence) = state.withLock { state -> (Bool, FailureStreak) in
            state.load[place] -= 1
            state.silence.add(failure, at: now)
            // Requests that failed together are one failure.
            guard state.restsUntil[place] <= now else { return (false, state.silence) }
            state.failures[place].add(failure, at: now)
            state.restsUntil[place] = now + state.failures[place].wait(atMost: settings.longestWait)
            return (state.failures[place].count == 1, state.silence)
        }
        try silence.require(settings.patience, at: now, of: "server")
        if isNew { settings.note(failure.notice(of: settings.patience)) }
    }
}

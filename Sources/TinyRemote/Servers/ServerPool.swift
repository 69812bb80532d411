internal import Synchronization
internal import TinyEngine
internal import TinyFoundation

/// Several servers of the same model: gives each request to one that answers, and tries again where that may help.
final class ServerPool: Sendable {
    private struct State {
        /// Requests under way, by server.
        var load: [Int]
        /// Failures since the last success, by server.
        var failures: [Int]
        /// When a server that failed is asked again.
        var restsUntil: [ContinuousClock.Instant]
        /// When the first request failed since any succeeded.
        var silentSince: ContinuousClock.Instant?
    }

    let seats: [ServerSeat]
    private let patience: Duration
    private let note: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// Most answers of a server that it cannot complete one and the same request now.
    private static let mostRefusals = 10
    /// The wait after the first failure; each further one is twice as long.
    private static let firstWait = Duration.milliseconds(500), longestWait = Duration.seconds(15)

    /// A pool of at least one server.
    ///
    /// - Parameters:
    ///   - patience: How long to try again while no server answers.
    ///   - note: Told when a server is lost and when it is back.
    init(_ seats: [ServerSeat], patience: Duration, note: @escaping @Sendable (String) -> Void) {
        self.seats = seats
        self.patience = patience
        self.note = note
        state = Mutex(
            State(
                load: seats.map { _ in 0 }, failures: seats.map { _ in 0 },
                restsUntil: seats.map { _ in .now }))
    }

    /// Requests that are worth having under way at once.
    var parallelRequests: Int { seats.reduce(0) { $0 + $1.server.parallelRequests } }

    /// Completes one prompt once, with the same random numbers at every attempt.
    ///
    /// - Throws: ``RemoteError`` with code `unreachable` when no server answered for the whole patience, `refused` when one
    ///   answers but not this request, and what no other attempt would change.
    func complete(_ job: RemoteJob) async throws -> Completion {
        var refusals = 0
        while true {
            let place = try await take()
            do {
                let completion = try await seats[place].complete(job)
                succeeded(place)
                return completion
            } catch let failure as ServerFailure {
                switch failure {
                case .lasting(let error):
                    leave(place)
                    throw error
                case .passing(_, wait: nil), .unknownAdapter: refusals += 1
                case .passing, .lost: break  // it is busy or loading, or nobody is there
                }
                try failed(place, failure)
                guard refusals < Self.mostRefusals else {
                    throw RemoteError(.refused, "\(failure.message) (\(refusals) times)")
                }
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
            defer { state.failures[place] = 0 }
            state.silentSince = nil
            return state.failures[place] > 0
        }
        if isBack { note("\(seats[place].server.name) answers again") }
    }

    private func failed(_ place: Int, _ failure: ServerFailure) throws(RemoteError) {
        let now = ContinuousClock.now
        let (isNew, silence) = state.withLock { state -> (Bool, Duration) in
            state.load[place] -= 1
            let since = state.silentSince ?? now
            state.silentSince = since
            // Requests that failed together are one failure.
            guard state.restsUntil[place] <= now else { return (false, since.duration(to: now)) }
            state.failures[place] += 1
            var wait = min(Self.firstWait * (1 << min(state.failures[place] - 1, 10)), Self.longestWait)
            if case .passing(_, let asked?) = failure { wait = max(wait, asked) }
            state.restsUntil[place] = now + wait
            return (state.failures[place] == 1, since.duration(to: now))
        }
        guard silence <= patience else {
            throw RemoteError(
                .unreachable,
                "no server has answered for \(Int(silence / .seconds(1))) s; the last failure: \(failure.message)",
                hint: "start the server and resume the run: every finished step is kept")
        }
        if isNew { note("\(failure.message); trying again for \(Int(patience / .seconds(1))) s") }
    }
}

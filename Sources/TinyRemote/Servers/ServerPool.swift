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
        /// Most requests under way, by server.
        var limits: [RequestLimit]
        /// Requests that wait for a place: each looks again when its stream ends.
        var waiting: [AsyncStream<Never>.Continuation] = []

        /// Takes a place, or says what to wait for.
        mutating func place(at now: ContinuousClock.Instant) -> Place {
            let awake = load.indices.filter { restsUntil[$0] <= now }
            guard !awake.isEmpty else { return .rest(now.duration(to: restsUntil.min() ?? now)) }
            func share(_ index: Int) -> Double { Double(load[index]) / Double(limits[index].count) }
            let free = awake.filter { load[$0] < limits[$0].count }
            guard let place = free.min(by: { share($0) < share($1) }) else {
                let (change, sink) = AsyncStream.makeStream(of: Never.self)
                waiting.append(sink)
                return .taken(change)
            }
            load[place] += 1
            return .server(place, reductions: limits[place].reductions)
        }

        /// Gives a place back; those that wait look again.
        mutating func leave(_ place: Int) {
            load[place] -= 1
            for sink in waiting { sink.finish() }
            waiting = []
        }
    }

    /// What there is for a request.
    private enum Place {
        case server(Int, reductions: Int)
        /// All servers rest.
        case rest(Duration)
        /// All places are taken; the stream ends when that may have changed.
        case taken(AsyncStream<Never>)
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
                restsUntil: seats.map { _ in .now }, limits: seats.map { RequestLimit($0.server.parallelRequests) }))
    }

    /// Requests that are worth having under way at once.
    var parallelRequests: Int { seats.reduce(0) { $0 + $1.server.parallelRequests } }

    /// Unloads the adapters of all servers.
    func unloadAll() async {
        await withTaskGroup(of: Void.self) { group in
            for seat in seats { group.addTask { await seat.unloadAll() } }
        }
    }

    /// Completes one prompt once, with the same random numbers at every attempt.
    ///
    /// - Throws: ``RemoteError`` with code `unreachable` when no server answered for the whole patience, `refused` when one
    ///   answers but not this request, and what no other attempt would change.
    func complete(_ job: RemoteJob) async throws -> Completion {
        var failures = FailureStreak()
        while true {
            let (place, reductions) = try await take()
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
                try failed(place, failure, at: now, sentAfter: reductions)
                failures.add(failure, at: now)
                try failures.requireFewRefusals()
            } catch {
                leave(place)
                throw error
            }
        }
    }

    /// The server with the fewest requests for its places among those that do not rest; waits for one.
    private func take() async throws -> (place: Int, reductions: Int) {
        while true {
            switch state.withLock({ $0.place(at: .now) }) {
            case .server(let place, let reductions): return (place, reductions)
            case .rest(let wait): try await Task.sleep(for: wait)
            case .taken(let change):
                for await _ in change {}
                try Task.checkCancellation()
            }
        }
    }

    private func leave(_ place: Int) { state.withLock { $0.leave(place) } }

    private func succeeded(_ place: Int) {
        let isBack = state.withLock { state in
            state.leave(place)
            state.limits[place].succeeded()
            defer { state.failures[place] = FailureStreak() }
            state.silence = FailureStreak()
            return state.failures[place].count > 0
        }
        if isBack { settings.note("\(seats[place].server.name) answers again") }
    }

    private func failed(
        _ place: Int, _ failure: ServerFailure, at now: ContinuousClock.Instant, sentAfter reductions: Int
    ) throws(RemoteError) {
        let (isNew, silence) = state.withLock { state -> (Bool, FailureStreak) in
            if case .late = failure {
                state.limits[place].ranOut(of: state.load[place], since: reductions)
                state.silence = FailureStreak()  // it is there
            } else {
                state.silence.add(failure, at: now)
            }
            state.leave(place)
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

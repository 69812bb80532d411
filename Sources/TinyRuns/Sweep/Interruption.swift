internal import Dispatch
internal import Foundation
internal import Synchronization

/// The signal that asks this process to end, and the work that ends with it.
final class Interruption: Sendable {
    private struct State {
        var signal: Int32?
        var cancel: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    /// The first signal; `nil` while there was none.
    var signal: Int32? { state.withLock(\.signal) }

    /// Cancels the work under way.
    func interrupt(_ signal: Int32) {
        let cancel = state.withLock { state in
            state.signal = state.signal ?? signal
            return state.cancel
        }
        cancel?()
    }

    /// Does one piece of work, in a task that a signal cancels, also one that came before.
    func cancelling<Value: Sendable>(
        _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await work() }
        let isLate = state.withLock { state in
            state.cancel = { task.cancel() }
            return state.signal != nil
        }
        if isLate { task.cancel() }
        defer { state.withLock { $0.cancel = nil } }
        return try await task.value
    }
}

/// Calls `body` for a signal that asks this process to end, which then does not end it.
func watchSignals(_ body: @escaping @Sendable (Int32) -> Void) -> [any DispatchSourceSignal] {
    [SIGINT, SIGTERM, SIGHUP].compactMap { number in
        let before = signal(number, SIG_IGN)
        // Under nohup the end of the terminal is not to end anything.
        if number == SIGHUP, before.map({ unsafeBitCast($0, to: Int.self) }) == ignoring { return nil }
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler { body(number) }
        source.resume()
        return source
    }
}

/// The action of a signal that does nothing, as a number that can be compared.
private let ignoring = unsafeBitCast(SIG_IGN, to: Int.self)

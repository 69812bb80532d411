import Synchronization
import TinyFoundation

/// Shows how far the factorisation of a model's matrices is, and at the end how long it took.
final class FactorDisplay: Sendable {
    private let console: Console
    private let start = Mutex(ContinuousClock.now)

    init(_ console: Console) { self.console = console }

    /// As factorisations report it: 0 first; nothing when all factors were cached.
    @Sendable func show(_ done: Int, of total: Int) {
        if done == 0 { start.withLock { $0 = .now } }
        let seconds = (ContinuousClock.now - start.withLock { $0 }) / .seconds(1)
        if done == total {
            console.note("factors    \(total) matrices factorised in \(column(seconds, 0, places: 2)) s and cached")
        } else if done > 0 {
            let left = clockTime(seconds / Double(done) * Double(total - done))
            console.progress("factors    \(done) of \(total) matrices · \(left) left")
        }
    }
}

internal import Synchronization

/// How many unfinished completions need each adapter, and how many servers hold it.
final class NeededAdapters: Sendable {
    private struct Counts {
        var needs: [String: Int] = [:]
        var holders: [String: Int] = [:]
    }

    private let counts = Mutex(Counts())
    private let unused: @Sendable (ServedAdapter) -> Void

    /// Nothing is needed.
    ///
    /// - Parameter unused: Told of an adapter that no server holds any more.
    init(unused: @escaping @Sendable (ServedAdapter) -> Void) { self.unused = unused }

    func contains(_ name: String) -> Bool { counts.withLock { $0.needs[name] != nil } }

    func add(_ adapter: ServedAdapter?) {
        guard let adapter else { return }
        counts.withLock { $0.needs[adapter.name, default: 0] += 1 }
    }

    func remove(_ adapter: ServedAdapter?) {
        guard let adapter else { return }
        counts.withLock { $0.needs.countDown(adapter.name) }
    }

    /// A server is about to hold an adapter.
    func loading(_ adapter: ServedAdapter) { counts.withLock { $0.holders[adapter.name, default: 0] += 1 } }

    /// A server holds it no longer.
    func unloaded(_ adapter: ServedAdapter) {
        let isUnused = counts.withLock { counts in
            counts.holders.countDown(adapter.name)
            return counts.holders[adapter.name] == nil
        }
        if isUnused { unused(adapter) }
    }
}

extension [String: Int] {
    /// Takes one away; a count of 0 is no entry.
    fileprivate mutating func countDown(_ name: String) {
        let left = (self[name] ?? 1) - 1
        self[name] = left > 0 ? left : nil
    }
}

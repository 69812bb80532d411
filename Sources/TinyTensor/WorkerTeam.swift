internal import CTinyKernels
import Foundation
import Synchronization

/// Threads that start a piece of work in about a microsecond.
///
/// `run` cuts work into chunks; the caller and the helpers claim chunks one by one until none is left. Who computes which
/// chunk is left to chance, so a chunk must write results that no other chunk touches and that do not depend on the split.
/// Helpers spin for a moment after a job, because the next kernel usually follows at once, and then sleep.
///
/// `@unchecked Sendable`: shared fields are atomics, or written by the one running caller (`submission` holds others back)
/// before the ticket that publishes them and read only by threads that hold a chunk of that ticket.
package final class WorkerTeam: @unchecked Sendable {
    /// Threads that compute, the caller included.
    package let threads: Int
    /// Counts where time goes; set it before any work begins.
    package var stopwatch: Stopwatch?

    /// generation (24 bits) | chunks (20 bits) | next chunk (20 bits): one atomic, so that a late helper cannot claim a
    /// chunk of a job that is over.
    private let ticket = Atomic<UInt64>(0)
    private let unfinished = Atomic<Int>(0)
    private let sleepers = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private var body: UnsafeRawPointer?
    private let submission = NSLock()
    private let wake = NSCondition()

    private static let indexBits: UInt64 = 20
    private static let indexMask: UInt64 = (1 << indexBits) - 1
    /// How long a helper spins before it sleeps: longer than the gaps between the kernels of a step. Waking it takes the system
    /// longer than a small kernel takes.
    private static let patience = Duration.microseconds(200)
    /// Polls between two looks at the clock, some microseconds.
    private static let polls = 64

    /// - Parameter threads: At least 1. With 1, everything runs on the caller.
    package init(threads: Int) {
        precondition(threads >= 1, "WorkerTeam: \(threads) threads")
        self.threads = threads
        for _ in 1..<max(threads, 1) {
            let thread = Thread { self.help() }
            thread.stackSize = 1 << 20
            thread.start()
        }
    }

    /// No helpers: everything runs on whoever asks.
    package static let alone = WorkerTeam(threads: 1)

    /// Ends the helpers. A team lives as long as its process unless it is closed.
    package func close() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        wake.lock()
        wake.broadcast()
        wake.unlock()
    }

    private typealias Body = (Int) -> Void

    /// Calls `body` once for each chunk in `0 ..< chunks`, on any thread, and returns when all are done.
    ///
    /// Callers on several threads take turns. `body` must not call `run` of the same team: it would wait for itself.
    package func run(chunks: Int, _ body: (Int) -> Void) {
        guard threads > 1, chunks > 1 else {
            for chunk in 0..<chunks { body(chunk) }
            return
        }
        precondition(chunks < Int(Self.indexMask), "WorkerTeam: \(chunks) chunks")
        submission.lock()
        defer { submission.unlock() }
        withoutActuallyEscaping(body) { escaping in
            var shared: Body = escaping
            withUnsafePointer(to: &shared) { pointer in
                self.body = UnsafeRawPointer(pointer)
                unfinished.store(chunks, ordering: .relaxed)
                let generation = (ticket.load(ordering: .relaxed) >> (2 * Self.indexBits) &+ 1) & 0xFF_FFFF
                let fresh = generation << (2 * Self.indexBits) | UInt64(chunks) << Self.indexBits
                ticket.store(fresh, ordering: .sequentiallyConsistent)
                if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
                    wake.lock()
                    wake.broadcast()
                    wake.unlock()
                }
                while claimAndRun() {}
                wait(until: { unfinished.load(ordering: .acquiring) == 0 })
            }
        }
    }

    /// Spins until `isOver`, or until it runs out of patience: then false.
    private func spin(until isOver: () -> Bool) -> Bool {
        var end: ContinuousClock.Instant?
        while true {
            for _ in 0..<Self.polls {
                if isOver() { return true }
                tk_pause()
            }
            let now = ContinuousClock.now, last = end ?? now + Self.patience
            if now > last { return false }
            end = last
        }
    }

    /// Waits for another thread, which may have lost its core.
    private func wait(until isOver: () -> Bool) {
        while !spin(until: isOver) { sched_yield() }
    }

    /// Runs one chunk of the current job; false when none is left.
    private func claimAndRun() -> Bool {
        var seen = ticket.load(ordering: .acquiring)
        while true {
            let index = seen & Self.indexMask, chunks = seen >> Self.indexBits & Self.indexMask
            guard index < chunks else { return false }
            let (exchanged, original) = ticket.weakCompareExchange(
                expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            guard exchanged else {
                seen = original
                continue
            }
            // Holding a chunk keeps the job, and with it the caller's closure, alive.
            if let body { body.assumingMemoryBound(to: Body.self).pointee(Int(index)) }
            unfinished.subtract(1, ordering: .acquiringAndReleasing)
            return true
        }
    }

    private func help() {
        while !isStopping {
            if claimAndRun() || spin(until: { hasWork || isStopping }) { continue }
            wake.lock()
            sleepers.add(1, ordering: .sequentiallyConsistent)
            while !hasWork && !isStopping { wake.wait() }
            sleepers.subtract(1, ordering: .sequentiallyConsistent)
            wake.unlock()
        }
    }

    private var isStopping: Bool { stopping.load(ordering: .sequentiallyConsistent) }

    private var hasWork: Bool {
        let seen = ticket.load(ordering: .sequentiallyConsistent)
        return seen & Self.indexMask < seen >> Self.indexBits & Self.indexMask
    }
}

extension WorkerTeam {
    /// Cuts `0 ..< count` into ranges of at least `least` items, and runs them: a few for each thread, or one where a few would
    /// have fewer than `whole` items.
    package func split(_ count: Int, least: Int = 1, whole: Int = 1, _ body: (Range<Int>) -> Void) {
        let pieces = pieces(of: count, least: least, whole: whole)
        run(chunks: pieces.count) { body(pieces[$0]) }
    }

    /// The ranges that ``split(_:least:whole:_:)`` hands out.
    func pieces(of count: Int, least: Int = 1, whole: Int = 1) -> Pieces {
        guard count > 0 else { return Pieces(length: 0, size: 1) }
        let most = count >= threads * 4 * whole ? threads * 4 : threads
        let pieces = threads == 1 ? 1 : max(1, min(most, count / max(least, 1)))
        return Pieces(length: count, size: (count + pieces - 1) / pieces)
    }

    /// Calls `preparation` for all of its chunks and `body` for all of its own without a pause between the two: every call of
    /// `preparation` has begun before the first of `body`, which waits for them all by `prepared()` before it reads what they made.
    package func run(
        preparing first: Int, _ preparation: (Int) -> Void, chunks: Int,
        _ body: (_ chunk: Int, _ prepared: () -> Void) -> Void
    ) {
        if first <= 1 && chunks <= 1 {  // not worth a second thread
            for chunk in 0..<first { preparation(chunk) }
            for chunk in 0..<chunks { body(chunk, {}) }
            return
        }
        let left = Atomic<Int>(first)
        run(chunks: first + chunks) { chunk in
            if chunk < first {
                preparation(chunk)
                left.subtract(1, ordering: .releasing)
            } else {
                body(chunk - first) { self.wait(until: { left.load(ordering: .acquiring) == 0 }) }
            }
        }
    }
}

/// Ranges of equal size that cover `0 ..< length`; the last may be shorter.
struct Pieces {
    let length: Int
    let size: Int

    var count: Int { (length + size - 1) / size }

    subscript(index: Int) -> Range<Int> { index * size..<min(length, (index + 1) * size) }
}

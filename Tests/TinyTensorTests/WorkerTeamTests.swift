import Synchronization
import Testing
import TinyTensor

@Suite("Worker team")
struct WorkerTeamTests {
    /// How often each chunk was run.
    private final class Counts: Sendable {
        private let counts: Mutex<[Int]>
        init(_ count: Int) { counts = Mutex([Int](repeating: 0, count: count)) }
        func add(_ index: Int) { counts.withLock { $0[index] += 1 } }
        var values: [Int] { counts.withLock { $0 } }
    }

    @Test("runs every chunk once, job after job", arguments: [1, 2, 4])
    func everyChunkOnce(threads: Int) {
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        for job in 0..<300 {
            let chunks = job % 37, counts = Counts(chunks)
            team.run(chunks: chunks) { counts.add($0) }
            let values = counts.values
            if values.contains(where: { $0 != 1 }) { Issue.record("job \(job): chunks ran \(values) times") }
        }
    }

    @Test("covers a range once, in pieces no smaller than asked", arguments: [1, 2, 4], [0, 1, 5, 64, 1001])
    func split(threads: Int, count: Int) {
        let team = WorkerTeam(threads: threads), counts = Counts(count), least = 7
        defer { team.close() }
        let sizes = Counts(1002)
        team.split(count, least: least) { part in
            sizes.add(part.count)
            for index in part { counts.add(index) }
        }
        #expect(counts.values == [Int](repeating: 1, count: count))
        let pieces = sizes.values.enumerated().flatMap { [Int](repeating: $0.offset, count: $0.element) }
        #expect(pieces.count <= max(1, threads * 4))
        #expect(pieces.count { $0 < least } <= 1, "pieces of \(pieces)")  // only the last may be smaller
    }

    @Test("has all preparation done before a chunk that waited for it goes on", arguments: [1, 2, 4], [0, 1, 7])
    func preparation(threads: Int, first: Int) {
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        for job in 0..<200 {
            let chunks = 1 + job % 5, prepared = Counts(first), seen = Counts(chunks)
            team.run(preparing: first, { prepared.add($0) }, chunks: chunks) { chunk, wait in
                wait()
                if prepared.values == [Int](repeating: 1, count: first) { seen.add(chunk) }
            }
            let values = seen.values
            if values.contains(where: { $0 != 1 }) { Issue.record("job \(job): chunks that saw everything: \(values)") }
        }
    }

    @Test("serves several tasks at once")
    func concurrentCallers() async {
        let team = WorkerTeam(threads: 3)
        defer { team.close() }
        let totals = await withTaskGroup(of: Int.self) { group in
            for caller in 0..<4 {
                group.addTask {
                    (0..<50).reduce(0) { total, _ in
                        let counts = Counts(9)
                        team.run(chunks: 9) { counts.add($0) }
                        return total + counts.values.enumerated().reduce(0) { $0 + $1.element * ($1.offset + caller) }
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(totals.sorted() == (0..<4).map { 50 * (36 + 9 * $0) })
    }

    @Test("finishes its work alone after it was closed, and closes twice")
    func closed() {
        let team = WorkerTeam(threads: 4), counts = Counts(20)
        team.close()
        team.close()
        team.run(chunks: 20) { counts.add($0) }
        #expect(counts.values == [Int](repeating: 1, count: 20))
    }
}

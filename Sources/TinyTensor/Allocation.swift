#if canImport(Glibc)
    internal import Glibc
#endif
import Synchronization

/// Memory for numbers, aligned to a cache line. Large blocks ask for large pages: a gigabyte of weights that is read for every
/// token then misses the translation caches less, and new memory costs less to make.
func allocateNumbers(byteCount: Int) -> UnsafeMutableRawPointer {
    #if canImport(Glibc)
        let pageBytes = 2 << 20
        guard byteCount >= 2 * pageBytes else { return .allocate(byteCount: byteCount, alignment: 64) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: pageBytes)
        _ = madvise(memory, byteCount, MADV_HUGEPAGE)  // where there are none, ordinary pages serve
        return memory
    #else
        return .allocate(byteCount: byteCount, alignment: 64)
    #endif
}

/// Memory for matrices that live one after the other: new pages are cleared by the system, which costs as much as filling them.
package final class MemoryPool: Sendable {
    private struct Block: @unchecked Sendable {  // nobody else knows of memory that is free
        let memory: UnsafeMutableRawPointer
        let byteCount: Int
    }

    private let free = Mutex<[Block]>([])

    package init() {}

    deinit { free.withLock { for block in $0 { block.memory.deallocate() } } }

    /// The smallest free block that is large enough, or a new one; with its size.
    func take(byteCount: Int) -> (memory: UnsafeMutableRawPointer, byteCount: Int) {
        let block = free.withLock { blocks -> Block? in
            let enough = blocks.indices.filter { blocks[$0].byteCount >= byteCount }
            return enough.min { blocks[$0].byteCount < blocks[$1].byteCount }.map { blocks.remove(at: $0) }
        }
        return block.map { ($0.memory, $0.byteCount) } ?? (allocateNumbers(byteCount: byteCount), byteCount)
    }

    func give(_ memory: UnsafeMutableRawPointer, byteCount: Int) {
        let block = Block(memory: memory, byteCount: byteCount)
        free.withLock { $0.append(block) }
    }
}

internal import TinyCheckpoint
internal import TinyTensor

/// Keys and values of 64 positions: all layers, all key/value heads.
final class Page: Sendable {
    let buffer: FloatBuffer
    private let layerFloats: Int
    private let headFloats: Int

    init(_ configuration: PageShape) {
        headFloats = AttentionKernels.pageFloats(width: configuration.width)
        layerFloats = headFloats * configuration.heads
        buffer = FloatBuffer(count: layerFloats * configuration.layers)
    }

    /// A page with the same contents.
    init(copyOf other: Page) {
        headFloats = other.headFloats
        layerFloats = other.layerFloats
        buffer = FloatBuffer(count: other.buffer.count)
        buffer.base.update(from: other.buffer.base, count: buffer.count)
    }

    func pointer(layer: Int, head: Int) -> Floats { buffer.base + layer * layerFloats + head * headFloats }
}

/// What determines a page's size.
struct PageShape {
    let layers: Int
    let heads: Int
    let width: Int
}

/// The keys and values of one sequence, in pages that sequences with the same beginning share.
///
/// A fork costs one reference per page; a shared page that is only partly filled is copied when its second owner writes.
/// One task owns a cache at a time.
public final class SequenceCache {
    private(set) var pages: [Page]
    /// Positions stored.
    public private(set) var count: Int
    private let shape: PageShape

    /// An empty cache for sequences of this model.
    public init(for model: LanguageModel) {
        let configuration = model.configuration
        pages = []
        count = 0
        shape = PageShape(
            layers: configuration.layerCount, heads: configuration.keyValueHeadCount, width: configuration.headDimension
        )
    }

    private init(sharing other: SequenceCache) {
        pages = other.pages
        count = other.count
        shape = other.shape
    }

    /// A cache with the same contents that grows on its own.
    public func fork() -> SequenceCache { SequenceCache(sharing: self) }

    /// Makes room for `more` positions, which the next forward pass writes.
    func extend(by more: Int) {
        if count % AttentionKernels.pageLength != 0, let last = pages.indices.last,
            !isKnownUniquelyReferenced(&pages[last])
        {
            pages[last] = Page(copyOf: pages[last])
        }
        count += more
        while pages.count * AttentionKernels.pageLength < count { pages.append(Page(shape)) }
    }
}

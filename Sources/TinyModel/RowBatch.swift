internal import TinyCheckpoint
internal import TinyTensor

/// Consecutive tokens of one sequence that a forward pass computes: a whole prompt, one sampled token, or a whole sequence.
public struct Segment {
    /// Keys and values of what came before; the pass appends this segment's.
    public let cache: SequenceCache
    /// Token ids; not empty.
    public let tokens: [Int]
    /// The change of weights this sequence sees, or `nil` for the base model.
    public let change: LowRankChange?

    /// Makes a segment from its parts.
    public init(cache: SequenceCache, tokens: [Int], change: LowRankChange?) {
        self.cache = cache
        self.tokens = tokens
        self.change = change
    }
}

/// The rows of one forward pass, segment after segment, and who attends to what.
final class RowBatch {
    /// Rows of one segment.
    struct Span {
        let rows: Range<Int>
        let start: Int
        let change: LowRankChange?
        let pages: [Page]
    }

    /// Consecutive rows whose changes share factors.
    final class Stretch {
        let factors: LowRankFactors
        let spans: Range<Int>
        let rows: Range<Int>
        let changes: StretchChanges

        fileprivate init(_ all: [Span], _ spans: Range<Int>, _ factors: LowRankFactors) {
            self.factors = factors
            self.spans = spans
            rows = all[spans.lowerBound].rows.lowerBound..<all[spans.upperBound - 1].rows.upperBound
            changes = StretchChanges(all[spans], factors)
        }
    }

    /// A piece of attention: one key/value head, some rows of one segment.
    struct AttentionPiece {
        let span: Int
        let head: Int
        let rows: Range<Int>
    }

    let spans: [Span]
    let stretches: [Stretch]
    let tokens: [Int]
    let cosine: Matrix
    let sine: Matrix
    let pieces: [AttentionPiece]
    let longest: Int

    var rows: Int { tokens.count }

    /// Rows of one attention piece: enough to reuse keys while they are in cache, few enough to share long prompts out.
    private static let pieceRows = 64

    init(_ segments: [Segment], model: LanguageModel) {
        var spans: [Span] = []
        var tokens: [Int] = []
        var positions: [Int] = []
        var pieces: [AttentionPiece] = []
        var longest = 0
        for (index, segment) in segments.enumerated() {
            let start = segment.cache.count
            segment.cache.extend(by: segment.tokens.count)
            let rows = tokens.count..<tokens.count + segment.tokens.count
            spans.append(Span(rows: rows, start: start, change: segment.change, pages: segment.cache.pages))
            tokens += segment.tokens
            positions += start..<segment.cache.count
            longest = max(longest, segment.cache.count)
            for head in 0..<model.configuration.keyValueHeadCount {
                for first in stride(from: rows.lowerBound, to: rows.upperBound, by: Self.pieceRows) {
                    let part = first..<min(rows.upperBound, first + Self.pieceRows)
                    pieces.append(AttentionPiece(span: index, head: head, rows: part))
                }
            }
        }
        self.spans = spans
        self.tokens = tokens
        self.pieces = pieces
        self.longest = longest
        (cosine, sine) = model.rotary.angles(positions)
        stretches = Self.stretches(of: spans)
    }

    private static func stretches(of spans: [Span]) -> [Stretch] {
        var ranges: [(factors: LowRankFactors, spans: Range<Int>)] = []
        for (index, span) in spans.enumerated() {
            guard let factors = span.change?.factors else { continue }
            if let last = ranges.last, last.spans.upperBound == index, last.factors === factors {
                ranges[ranges.count - 1].spans = last.spans.lowerBound..<index + 1
            } else {
                ranges.append((factors, index..<index + 1))
            }
        }
        return ranges.map { Stretch(spans, $0.spans, $0.factors) }
    }
}

/// The changes of a stretch's segments side by side: every layer goes through all of them.
struct StretchChanges {
    /// Rows of each segment.
    let rows: [Range<Int>]
    /// `R` of every module, `[segments, modules · rank · rank]`.
    private let mixing: Matrix
    private let mixingSize: Int
    /// Whether a segment's change of a module is not zero, module by module.
    private let isActive: [Bool]

    fileprivate init(_ spans: ArraySlice<RowBatch.Span>, _ factors: LowRankFactors) {
        let size = factors.rank * factors.rank, modules = factors.modules.count
        let changes = spans.compactMap(\.change)
        rows = spans.map(\.rows)
        mixing = Matrix(rows: changes.count, columns: modules * size, values: changes.flatMap(\.mixing))
        mixingSize = size
        isActive = [Bool](unsafeUninitializedCapacity: modules * changes.count) { isActive, count in
            for (index, change) in changes.enumerated() {
                for (module, active) in change.isActive.enumerated() {
                    isActive.initializeElement(at: module * changes.count + index, to: active)
                }
            }
            count = modules * changes.count
        }
    }

    /// Whether segment `index` changes the module at `position`.
    func isActive(_ index: Int, _ position: Int) -> Bool { isActive[position * rows.count + index] }

    /// `R [rank, rank]` of segment `index` for the module at `position`.
    func mixing(_ index: Int, _ position: Int) -> Floats { mixing.row(index) + position * mixingSize }
}

/// Keys and values of 64 positions: all layers, all key/value heads.
final class Page: Sendable {
    private let buffer: FloatBuffer
    private let layerBytes: Int
    private let headBytes: Int

    init(_ shape: PageShape) {
        headBytes = AttentionKernels.pageBytes(format: shape.format, width: shape.width)
        layerBytes = headBytes * shape.heads
        buffer = FloatBuffer(count: layerBytes * shape.layers / MemoryLayout<Float>.stride)
    }

    /// A page with the same contents.
    init(copyOf other: Page) {
        headBytes = other.headBytes
        layerBytes = other.layerBytes
        buffer = FloatBuffer(count: other.buffer.count)
        buffer.base.update(from: other.buffer.base, count: buffer.count)
    }

    func pointer(layer: Int, head: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(buffer.base) + layer * layerBytes + head * headBytes
    }
}

/// What determines a page's size.
struct PageShape {
    let layers: Int
    let heads: Int
    let width: Int
    let format: WeightFormat
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
            layers: configuration.layerCount, heads: configuration.keyValueHeadCount,
            width: configuration.headDimension, format: model.arithmetic.format)
    }

    private init(sharing other: SequenceCache, count: Int) {
        let length = AttentionKernels.pageLength
        pages = Array(other.pages.prefix((count + length - 1) / length))
        self.count = count
        shape = other.shape
    }

    /// A cache with the same contents that grows on its own.
    public func fork() -> SequenceCache { fork(count: count) }

    /// The same of the first positions.
    package func fork(count: Int) -> SequenceCache {
        precondition(count >= 0 && count <= self.count, "a fork of \(count) of \(self.count) positions")
        return SequenceCache(sharing: self, count: count)
    }

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

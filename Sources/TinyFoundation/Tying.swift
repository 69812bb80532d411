/// How modules share trained numbers.
///
/// Modules in one group use the same `u` numbers, each through its own projection. The text form, used in files and on
/// the command line, is `tiled:16`, `contiguous:13`, `peft:13`, `structured:4`, `by-kind`, `full` or `none`.
///
/// Source: arXiv:2602.04118 §6.5 (tiled and structured); tying by kind was reported by a later replication.
public enum Tying: Sendable, Hashable {
    /// Consecutive modules in counting order, whatever their kind; the last group may be smaller.
    case tiled(modulesPerGroup: Int)
    /// This many runs of consecutive modules, whose sizes differ by at most one, the larger ones first.
    case contiguous(groups: Int)
    /// This many runs of consecutive modules as PEFT's `weight_tying` makes them: of one size, rounded down, the last of which
    /// takes what is left.
    case peft(groups: Int)
    /// The same kind in neighbouring layers: layers `0 ..< n`, `n ..< 2n` and so on.
    case structured(layersPerGroup: Int)
    /// One group for attention, one for the feed-forward blocks.
    case byKind
    /// One group for everything.
    case full
    /// A group of its own for every module.
    case untied
}

extension Tying {
    /// The number in the text form, if it has one.
    public var count: Int? {
        switch self {
        case .tiled(let count), .contiguous(let count), .peft(let count), .structured(let count): count
        case .byKind, .full, .untied: nil
        }
    }
}

extension Tying: LosslessStringConvertible {
    /// The text form, such as `tiled:16`.
    public var description: String {
        switch self {
        case .tiled(let count): "tiled:\(count)"
        case .contiguous(let count): "contiguous:\(count)"
        case .peft(let count): "peft:\(count)"
        case .structured(let count): "structured:\(count)"
        case .byKind: "by-kind"
        case .full: "full"
        case .untied: "none"
        }
    }

    /// Reads the text form; `nil` when it is none of them.
    public init?(_ description: String) {
        let parts = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let count = parts.count == 2 ? Int(parts[1]) : nil
        switch (parts[0], count, parts.count) {
        case ("tiled", let count?, 2): self = .tiled(modulesPerGroup: count)
        case ("contiguous", let count?, 2): self = .contiguous(groups: count)
        case ("peft", let count?, 2): self = .peft(groups: count)
        case ("structured", let count?, 2): self = .structured(layersPerGroup: count)
        case ("by-kind", nil, 1): self = .byKind
        case ("full", nil, 1): self = .full
        case ("none", nil, 1): self = .untied
        default: return nil
        }
    }
}

extension Tying: Codable {
    /// Reads the text form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let tying = Tying(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is not a way of tying")
        }
        self = tying
    }

    /// Writes the text form.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

import TinyModel
import TinyFoundation

/// How modules share trained numbers.
///
/// Modules in one group use the same `u` numbers, each through its own projection. The text form, used in files and on
/// the command line, is `tiled:16`, `contiguous:13`, `structured:4`, `by-kind`, `full` or `none`.
///
/// Source: arXiv:2602.04118 §6.5 (tiled and structured); tying by kind was reported by a later replication.
public enum Tying: Sendable, Hashable {
    /// Consecutive modules in counting order, whatever their kind; the last group may be smaller.
    case tiled(modulesPerGroup: Int)
    /// This many runs of consecutive modules, whose sizes differ by at most one, the larger ones first.
    case contiguous(groups: Int)
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
    /// The group of each module.
    ///
    /// Groups are numbered from zero in the order in which their first module appears; none is empty.
    ///
    /// - Throws: ``AdapterError`` with code `invalidPlan` when a count is out of range.
    func groups(of modules: [AdaptedModule]) throws(AdapterError) -> [Int] {
        switch self {
        case .tiled(let modulesPerGroup):
            try check(modulesPerGroup, "modules per group")
            return modules.indices.map { $0 / modulesPerGroup }
        case .contiguous(let groups):
            try check(groups, "groups")
            guard groups <= modules.count else {
                throw AdapterError(
                    .invalidPlan, "\(groups) groups were asked for, but there are only \(modules.count) modules")
            }
            let (size, larger) = modules.count.quotientAndRemainder(dividingBy: groups)
            let boundary = larger * (size + 1)
            return modules.indices.map { $0 < boundary ? $0 / (size + 1) : larger + ($0 - boundary) / size }
        case .structured(let layersPerGroup):
            try check(layersPerGroup, "layers per group")
            return numbered(modules) { [$0.layer / layersPerGroup, $0.kind.rawValue] }
        case .byKind: return numbered(modules) { $0.kind.isAttention }
        case .full: return modules.map { _ in 0 }
        case .untied: return Array(modules.indices)
        }
    }

    private func check(_ count: Int, _ name: String) throws(AdapterError) {
        guard count >= 1 else {
            throw AdapterError(.invalidPlan, "tying \(self): the number of \(name) is \(count), it must be at least 1")
        }
    }

    private func numbered<Key: Hashable>(_ modules: [AdaptedModule], by key: (AdaptedModule) -> Key) -> [Int] {
        var numbers: [Key: Int] = [:]
        return modules.map { module in
            let key = key(module)
            let number = numbers[key] ?? numbers.count
            numbers[key] = number
            return number
        }
    }
}

extension Tying: LosslessStringConvertible {
    /// The text form, such as `tiled:16`.
    public var description: String {
        switch self {
        case .tiled(let count): "tiled:\(count)"
        case .contiguous(let count): "contiguous:\(count)"
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
        case ("structured", let count?, 2): self = .structured(layersPerGroup: count)
        case ("by-kind", nil, 1): self = .byKind
        case ("full", nil, 1): self = .full
        case ("none", nil, 1): self = .untied
        default: return nil
        }
    }

    /// In words, as part of a plan's description.
    var phrase: String {
        switch self {
        case .tiled(let count): "tiled by \(count)"
        case .contiguous: "contiguous"
        case .structured(let count): "structured by \(counted(count, "layer"))"
        case .byKind: "attention / MLP"
        case .full: "all tied"
        case .untied: "untied"
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

/// `1 group`, `13 groups`.
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}

/// `1 parameter`, `169,920 parameters`.
func countedNumber(_ count: Int, _ noun: String) -> String {
    let digits = Array(String(count))
    let groups = digits.indices.map { index in
        index > 0 && (digits.count - index) % 3 == 0 ? ",\(digits[index])" : "\(digits[index])"
    }
    return "\(groups.joined()) \(noun)\(count == 1 ? "" : "s")"
}

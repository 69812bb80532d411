import Foundation
public import TinyFoundation
import TinyRecords

/// A file that describes many runs.
///
/// ```yaml
/// name: miniature
/// defaults: {base: abacus, validation_problems: 200}       # settings of every run
/// seeds: [1, 2, 3]                                         # every run with each; 1 unless given
/// tune: {key: learning_rate, on: validation, seeds: [1]}   # the best value per cell, then all seeds with it
/// runs:                                                    # blocks; a list is an axis, axes are multiplied
///   - {method: tinylora, parameters: [1, 13], learning_rate: [0.02, 0.05, 0.1]}
///   - {method: lora, rank: [1, 8], learning_rate: [1e-3, 3e-3]}
/// ```
///
/// A *cell* is what is left when seed and tuned key are set aside: four above. A setting that is itself a list stands in a
/// list of its own. A block's `seed` takes the place of `seeds`.
public struct SweepFile: Sendable {
    /// What the sweep is called, and its folder unless another is given.
    public var name: String
    /// Where it was read.
    public var path: String
    /// How a key is chosen per cell; `nil` runs every value with every seed.
    public var tuning: SweepTuning?
    var defaults: [Setting]
    var seeds: [UInt64]
    var blocks: [Block]

    /// Settings that are run in every combination.
    struct Block: Sendable {
        var axes: [Axis]
        var place: String
    }

    /// A key with its values; one value is no real axis.
    struct Axis: Sendable {
        var key: String
        var values: [SettingValue]
        var place: String
    }

    /// Reads a file.
    ///
    /// - Throws: ``RunError`` naming the file and line.
    public init(contentsOf path: String) throws(RunError) {
        try self.init(RecipeNode(contentsOf: path), path: path)
    }

    /// Reads text as if it were the file at `path`.
    public init(text: String, path: String) throws(RunError) {
        try self.init(RecipeNode(text: text, name: path), path: path)
    }

    private static let keys = ["name", "defaults", "seeds", "tune", "runs"]

    private init(_ root: RecipeNode, path: String) throws(RunError) {
        let folder = folder(of: path)
        let entries = try root.entries(of: "a sweep")
        guard let runs = entries.first(where: { $0.key == "runs" }) else {
            throw RunError(
                .missingKey, "\(path): runs is missing, the list of runs",
                hint: "a file of one run goes to tinylora train")
        }
        for entry in entries where !Self.keys.contains(entry.key) {
            let isSetting = TrainingConfiguration.keys.contains(entry.key)
            throw RunError(
                .unknownKey, "\(entry.place): \"\(entry.key)\" is not a key of a sweep",
                hint: isSetting
                    ? "a setting of all runs belongs under defaults"
                    : nearestName(to: entry.key, in: Self.keys).map { "did you mean \"\($0)\"?" })
        }
        func node(_ key: String) -> RecipeNode? { entries.first { $0.key == key }?.node }

        self.path = path
        name = try node("name").map(Self.name) ?? URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
        var defaults: [Setting] = []
        for entry in try node("defaults")?.entries(of: "defaults") ?? [] {
            defaults.append(try Setting(entry, folder: folder))
        }
        try refuseTwoLengths(defaults)
        self.defaults = defaults
        seeds = try node("seeds").map { node throws(RunError) in try Self.seeds(node, of: "seeds") } ?? [1]
        let seeds = seeds
        tuning = try node("tune").map { node throws(RunError) in try SweepTuning(node, seeds: seeds) }
        guard case .list(let nodes) = runs.node.content, !nodes.isEmpty else {
            throw RunError(.malformed, "\(runs.place): runs is not a list of blocks, each of keys and values")
        }
        var blocks: [Block] = []
        for node in nodes { blocks.append(try Self.block(node, folder: folder)) }
        self.blocks = blocks
        if let tuning, !blocks.contains(where: { $0.axes.contains { $0.key == tuning.key && $0.values.count > 1 } }) {
            throw RunError(
                .invalidValue, "\(tuning.place): no block has several values of \(tuning.key) to choose from")
        }
    }

    private static func name(_ node: RecipeNode) throws(RunError) -> String {
        guard case .text(let name) = try node.value(), isFileName(name) else {
            throw RunError(
                .invalidValue,
                "\(node.place): name is \(try node.value().quoted), expected a word that can name a folder")
        }
        return name
    }

    private static func block(_ node: RecipeNode, folder: String) throws(RunError) -> Block {
        var axes: [Axis] = []
        var settings: [Setting] = []
        for entry in try node.entries(of: "a block of runs") {
            guard entry.key != "seeds" else {
                throw RunError(
                    .unknownKey, "\(entry.place): \"seeds\" is not a key of a block", hint: "did you mean \"seed\"?")
            }
            let setting = try Setting(entry, folder: folder)
            settings.append(setting)
            var values = [setting.value]
            if case .list(let several) = setting.value { values = several }
            guard !values.isEmpty else {
                throw RunError(.invalidValue, "\(entry.place): \(entry.key) has no values")
            }
            if let twice = values.enumerated().first(where: { values[..<$0.offset].contains($0.element) })?.element {
                throw RunError(.invalidValue, "\(entry.place): \(entry.key) has \(twice) twice")
            }
            axes.append(Axis(key: entry.key, values: values, place: entry.place))
        }
        try refuseTwoLengths(settings)
        return Block(axes: axes, place: node.place)
    }

    /// A seed or several, each once.
    static func seeds(_ node: RecipeNode, of key: String) throws(RunError) -> [UInt64] {
        let value = try node.value()
        return try seeds(value, of: key, at: node.place)
    }

    static func seeds(_ value: SettingValue, of key: String, at place: String) throws(RunError) -> [UInt64] {
        var values = [value]
        if case .list(let several) = value { values = several }
        var seeds: [UInt64] = []
        for value in values {
            let seed: UInt64? =
                switch value {
                case .integer(let number): UInt64(exactly: number)
                case .natural(let number): number
                default: nil
                }
            guard let seed, !seeds.contains(seed) else {
                throw RunError(
                    .invalidValue,
                    "\(place): \(key) has \(value.quoted), expected whole numbers from 0, each once")
            }
            seeds.append(seed)
        }
        guard !seeds.isEmpty else { throw RunError(.invalidValue, "\(place): \(key) has no values") }
        return seeds
    }
}

/// How one key is chosen for each cell: the value with the best accuracy on validation problems, or the best mean score there where
/// a command gives scores.
public struct SweepTuning: Sendable {
    /// The key.
    public var key: String
    /// Seeds whose runs decide. Their runs count as final ones where the sweep has the same seed.
    public var seeds: [UInt64]
    var place: String

    init(_ node: RecipeNode, seeds all: [UInt64]) throws(RunError) {
        place = node.place
        let entries = try node.entries(of: "tune"), known = ["key", "on", "seeds"]
        for entry in entries where !known.contains(entry.key) {
            throw RunError(
                .unknownKey, "\(entry.place): \"\(entry.key)\" is not a key of tune",
                hint: nearestName(to: entry.key, in: known).map { "did you mean \"\($0)\"?" })
        }
        func entry(_ key: String) -> RecipeNode.Entry? { entries.first { $0.key == key } }
        guard let key = entry("key"), case .text(let name) = try key.node.value() else {
            throw RunError(.missingKey, "\(node.place): tune names no key, such as key: learning_rate")
        }
        guard name != "seed", TrainingConfiguration.keys.contains(name) else {
            throw name == "seed"
                ? RunError(.invalidValue, "\(key.place): seeds are averaged, not chosen")
                : unknownKey(name, at: key.place, known: TrainingConfiguration.keys)
        }
        self.key = name
        if let split = entry("on"), try split.node.value() != .text("validation") {
            throw RunError(
                .invalidValue, "\(split.place): on is \(try split.node.value().quoted), expected validation",
                hint: "problems that choose a setting cannot also measure it")
        }
        seeds =
            try entry("seeds").map { entry throws(RunError) in
                try SweepFile.seeds(entry.node, of: "seeds")
            } ?? Array(all.prefix(1))
    }
}

/// Whether a text can be part of a path on every system.
func isFileName(_ text: String) -> Bool {
    !text.isEmpty && text.count <= 100 && text != "." && text != ".." && text.unicodeScalars.allSatisfy(isFileScalar)
}

/// Letters, digits and a few signs.
func isFileScalar(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._+-".unicodeScalars.contains(scalar)
}

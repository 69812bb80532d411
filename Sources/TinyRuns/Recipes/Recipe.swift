import Foundation
public import TinyFoundation
public import TinyRecords

/// One key that was set, and where.
public struct Setting: Sendable, Equatable {
    /// Name, one of ``TrainingConfiguration/keys`` or `base`.
    public var key: String
    /// What it is set to.
    public var value: SettingValue
    /// Where, for messages: `recipe.yaml:3` or `--steps`.
    public var place: String

    /// Makes a setting from its parts.
    public init(_ key: String, _ value: SettingValue, at place: String) {
        self.key = key
        self.value = value
        self.place = place
    }

    /// A setting as a flag gives it: the value is written as in a file, a path is relative to the current directory.
    ///
    /// - Throws: ``RunError`` when the value is not YAML or names no model.
    public init(flag key: String, yaml: String, at place: String) throws(RunError) {
        self.init(key, try RecipeNode(text: yaml, name: place).value(of: key), at: place)
        value = try located(in: ".")
    }

    /// A sentence about the setting with its place: `recipe.yaml:3: rank is 0`. A flag stands for the key: `--rank is 0`.
    ///
    /// - Parameter sentence: What is wrong; it begins with the key.
    func placed(_ sentence: String) -> String {
        guard isFlag, sentence.hasPrefix(key + " ") else { return "\(place): \(sentence)" }
        return place + sentence.dropFirst(key.count)
    }

    /// Whether a flag set it, `--set` included.
    var isFlag: Bool { place.hasPrefix("--") }

    /// Refuses a setting that none of some runs uses.
    ///
    /// - Throws: ``RunError`` with code `invalidValue`.
    func requireUse(in runs: [TrainingConfiguration]) throws(RunError) {
        guard value != .null, let reason = runs.first?.unused(key), runs.allSatisfy({ $0.unused(key) != nil })
        else { return }
        throw RunError(.invalidValue, placed("\(key) \(reason)"))
    }

    /// Keys of which one decides how long a run is.
    static let lengths: Set<String> = ["max_steps", "num_train_epochs"]
}

/// What a run is asked to be: the keys that a file and flags set, over defaults.
///
/// ```yaml
/// # recipe.yaml
/// base: abacus            # the defaults: `abacus` are the demonstration's, `general` any other's
/// parameters: 4
/// learning_rate: 0.1
/// ```
/// ```swift
/// var recipe = try Recipe(contentsOf: "recipe.yaml")
/// recipe.set("seed", .integer(2), at: "--seed")
/// let configuration = try recipe.configuration()          // complete and checked
/// ```
///
/// The order is: defaults of `base`, the bundle of `algorithm`, the file's keys, flags. Without `base` the defaults follow
/// the model: the demonstration's on Abacus, general ones with `model`. Paths in a file are relative to the
/// file's folder; `~/` is the home directory. The resolved paths are absolute. With `initial_adapter` the settings of the adapter
/// are those of that file, which is therefore read, and a key that says otherwise is an error.
public struct Recipe: Sendable, Equatable {
    /// The keys that are set, each once, in the order of the file.
    public private(set) var settings: [Setting] = []

    /// A recipe that sets nothing: the demonstration.
    public init() {}

    /// Reads a file, YAML or JSON.
    ///
    /// - Throws: ``RunError`` naming the file and line.
    public init(contentsOf path: String) throws(RunError) {
        try self.init(RecipeNode(contentsOf: path), folder: folder(of: path))
    }

    /// Reads text as if it were the file at `path`.
    public init(text: String, path: String) throws(RunError) {
        try self.init(RecipeNode(text: text, name: path), folder: folder(of: path))
    }

    private init(_ node: RecipeNode, folder: String) throws(RunError) {
        let entries = try node.entries(of: "a recipe")
        if let runs = entries.first(where: { $0.key == "runs" }) {
            throw RunError(
                .malformed, "\(runs.place): the file describes a sweep, not one run", hint: "use tinylora sweep")
        }
        var settings: [Setting] = []
        for entry in entries { settings.append(try Setting(entry, folder: folder)) }
        try refuseTwoLengths(settings)
        for setting in settings { set(setting) }
    }

    /// Sets a key, in place of what it was set to.
    ///
    /// Setting `max_steps` takes `num_train_epochs` back, and the other way round.
    public mutating func set(_ key: String, _ value: SettingValue, at place: String) {
        set(Setting(key, value, at: place))
    }

    mutating func set(_ setting: Setting) {
        if Setting.lengths.contains(setting.key), setting.value != .null {
            settings.removeAll { Setting.lengths.contains($0.key) && $0.key != setting.key }
        }
        if let index = settings.firstIndex(where: { $0.key == setting.key }) {
            settings[index] = setting
        } else {
            settings.append(setting)
        }
    }

    /// What a key is set to; `nil` when it is not.
    public func value(of key: String) -> SettingValue? { settings.first { $0.key == key }?.value }

    /// The typed configuration: defaults, then everything set.
    ///
    /// - Throws: ``RunError`` naming the first key, in the order of ``settings``, that is unknown or has a value of the
    ///   wrong kind, or every key that breaks a rule.
    public func configuration() throws(RunError) -> TrainingConfiguration {
        var defaults = try self.defaults()
        let own = settings.filter { $0.key != "base" }
        for setting in own { try check(setting) }
        let initial = try initialAdapter()
        if let initial { defaults.start(from: initial) }
        let configuration: TrainingConfiguration
        do {
            configuration = try TrainingConfiguration(json: json(own), over: defaults)
        } catch {
            throw RunError(.invalidValue, "the settings do not fit together: \(error)", underlying: error)
        }
        try initial?.requireAgreement(of: configuration) { key in settings.first { $0.key == key } }
        let broken = configuration.violations().map { problem in
            settings.first { problem.hasPrefix($0.key + " ") }?.placed(problem) ?? problem
        }
        guard broken.isEmpty else { throw RunError(.invalidValue, broken.joined(separator: "; ")) }
        return configuration
    }

    /// Refuses flags that would change nothing. What a file holds may be there for other runs.
    ///
    /// - Parameter configuration: That of this recipe.
    /// - Throws: ``RunError`` with code `invalidValue` naming the first such flag and what uses it.
    public func requireUse(in configuration: TrainingConfiguration) throws(RunError) {
        for setting in settings where setting.isFlag { try setting.requireUse(in: [configuration]) }
    }

    /// The adapter that `initial_adapter` names.
    private func initialAdapter() throws(RunError) -> InitialAdapter? {
        guard let setting = settings.first(where: { $0.key == "initial_adapter" }),
            case .text(let argument) = setting.value, !argument.isEmpty
        else { return nil }
        do throws(RunError) { return try InitialAdapter(argument) } catch {
            throw RunError(error.code, setting.placed(error.message), hint: error.hint, underlying: error)
        }
    }

    /// Where unset keys get their values from.
    private func defaults() throws(RunError) -> TrainingConfiguration {
        guard let base = settings.first(where: { $0.key == "base" }), base.value != .null else {
            let hasModel = value(of: "model").map { $0 != .null } ?? false
            return hasModel ? TrainingConfiguration() : demonstration
        }
        switch base.value {
        case .text("abacus"): return demonstration
        case .text("general"): return TrainingConfiguration()
        default:
            let hint = nearestName(to: base.value.description, in: ["abacus", "general"])
            throw RunError(
                .invalidValue, "\(base.place): base is \(base.value.quoted), expected abacus or general",
                hint: hint.map { "did you mean \"\($0)\"?" })
        }
    }

    /// The demonstration, which evolution strategies have a version of.
    private var demonstration: TrainingConfiguration {
        guard case .text(let name) = value(of: "algorithm"), let algorithm = Algorithm(rawValue: name),
            algorithm.isEvolution
        else { return .demonstration }
        return .demonstration(of: algorithm)
    }

    /// Checks a key and the kind of its value on its own, so that the message can name the place.
    private func check(_ setting: Setting) throws(RunError) {
        let names = TrainingConfiguration.keys
        guard names.contains(setting.key) else {
            throw unknownKey(setting.key, at: setting.place, known: names + ["base"])
        }
        if let number = setting.value.magnitude, !number.isFinite {
            throw RunError(.invalidValue, setting.placed("\(setting.key) is not finite: \(number)"))
        }
        do {
            _ = try TrainingConfiguration(json: json([setting]), over: TrainingConfiguration())
        } catch {
            var message = error.message
            if error.code == .malformed {  // a number that is no number of this kind, such as half a step
                message = "\(setting.key) cannot be \(setting.value.quoted)"
            } else if !message.contains(setting.value.description) {
                message += ": \(setting.value.quoted)"
            }
            throw RunError(.invalidValue, setting.placed(message), hint: error.hint, underlying: error)
        }
    }
}

extension Setting {
    /// A line of a file; a path is relative to the file's folder.
    init(_ entry: RecipeNode.Entry, folder: String) throws(RunError) {
        self.init(entry.key, try entry.node.value(of: entry.key), at: entry.place)
        value = try located(in: folder)
    }

    /// The value, as an absolute path where the key is a path; a model's name as the path of its snapshot.
    func located(in folder: String) throws(RunError) -> SettingValue {
        guard TrainingConfiguration.fileKeys.contains(key) else { return value }
        switch value {
        case .text(let path) where !path.isEmpty:
            if key == "initial_adapter" { return .text(adapterLocation(path, in: folder)) }
            guard key == "model" else { return .text(absolutePath(path, in: folder)) }
            do throws(RunError) {
                return .text(try cachedModel(path, in: folder) ?? absolutePath(path, in: folder))
            } catch {
                throw RunError(error.code, "\(place): \(error.message)", hint: error.hint, underlying: error)
            }
        case .list(let values):
            return .list(
                try values.map { (value) throws(RunError) in try Setting(key, value, at: place).located(in: folder) })
        default: return value
        }
    }
}

/// `path` seen from `folder`, without `.` and `..`; `~/` is the home directory.
///
/// - Parameter folder: Absolute, or relative to the current directory.
public func absolutePath(_ path: String, in folder: String = ".") -> String {
    let expanded = path == "~" || path.hasPrefix("~/") ? (path as NSString).expandingTildeInPath : path
    let base = URL(fileURLWithPath: folder, isDirectory: true).absoluteURL
    return URL(fileURLWithPath: expanded, relativeTo: base).absoluteURL.standardizedFileURL.path
}

func folder(of path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

/// Refuses both ways of saying how long a run is at one place.
func refuseTwoLengths(_ settings: [Setting]) throws(RunError) {
    let lengths = settings.filter { Setting.lengths.contains($0.key) && $0.value != .null }
    guard lengths.count < 2 else {
        throw RunError(
            .invalidValue, "\(lengths[1].place): \(lengths[0].key) and \(lengths[1].key) both say how long the run is",
            hint: "keep one of them")
    }
}

func unknownKey(_ key: String, at place: String, known: [String]) -> RunError {
    RunError(
        .unknownKey, "\(place): \"\(key)\" is not a setting",
        hint: ForeignName(key)?.hint ?? nearestName(to: key, in: known).map { "did you mean \"\($0)\"?" })
}

private func json(_ settings: [Setting]) -> String {
    let values = Dictionary(settings.map { ($0.key, $0.value) }) { $1 }
    // Only numbers that are not finite cannot be written, and those are refused before.
    return (try? String(decoding: JSONEncoder().encode(values), as: UTF8.self)) ?? "{}"
}

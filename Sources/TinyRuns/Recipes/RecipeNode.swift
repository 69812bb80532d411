internal import TinyRecords
import Foundation
import Yams
import TinyFoundation

/// A part of a file with the line it begins in.
struct RecipeNode: Sendable {
    /// What it is.
    enum Content: Sendable {
        case value(SettingValue)
        case list([RecipeNode])
        case mapping([Entry])
    }

    /// A key and what it is set to.
    struct Entry: Sendable {
        var key: String
        var node: RecipeNode
        /// Where the key stands, such as `recipe.yaml:3`.
        var place: String
    }

    var content: Content
    /// Where it stands.
    var place: String

    /// The plain value; lists become lists of values.
    func value() throws(RunError) -> SettingValue {
        switch content {
        case .value(let value): return value
        case .list(let nodes):
            var values: [SettingValue] = []
            for node in nodes { values.append(try node.value()) }
            return .list(values)
        case .mapping:
            throw RunError(.invalidValue, "\(place): keys and values, where a value is expected")
        }
    }

    /// The value of a setting, which is keys and values for ``TrainingConfiguration/groupKey`` only.
    func value(of key: String) throws(RunError) -> SettingValue {
        guard key == TrainingConfiguration.groupKey, case .mapping(let entries) = content else { return try value() }
        var values: [String: SettingValue] = [:]
        for entry in entries {
            let value = try entry.node.value()
            guard value.magnitude?.isFinite ?? true else {
                throw RunError(.invalidValue, "\(entry.place): \(entry.key) is not finite: \(value)")
            }
            values[entry.key] = value
        }
        return .group(values)
    }

    /// The keys and values.
    ///
    /// - Parameter whose: What has them, for the message, such as `a recipe`.
    func entries(of whose: String) throws(RunError) -> [Entry] {
        switch content {
        case .mapping(let entries): return entries
        case .value(.null): return []
        default: throw RunError(.malformed, "\(place): \(whose) is not a list of keys and values")
        }
    }
}

extension RecipeNode {
    /// Reads a file of YAML, of which JSON is a part.
    ///
    /// - Throws: ``RunError`` with code `unreadable`, or as ``init(text:name:)``.
    init(contentsOf path: String) throws(RunError) {
        let text: String
        do throws(FileError) {
            text = try TinyFoundation.text(ofFile: path)
        } catch {
            throw RunError(error.code == .malformedFile ? .malformed : .unreadable, error)
        }
        try self.init(text: text, name: path)
    }

    /// Reads YAML.
    ///
    /// - Parameter name: What places begin with; the file's path.
    /// - Throws: ``RunError`` naming the line, with code `malformed` or `duplicateKey`.
    init(text: String, name: String) throws(RunError) {
        guard !isTooDeep(text) else {
            throw RunError(.malformed, "\(name): lists are nested more than \(deepest) deep")
        }
        let root: Node?
        do {
            root = try Parser(yaml: text, resolver: .basic, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw RunError(error, in: text, name: name)
        } catch {
            throw RunError(.malformed, "\(name): the text is not YAML", underlying: error)
        }
        guard let root else {
            self.init(content: .value(.null), place: "\(name):1")
            return
        }
        var budget = mostNodes
        try self.init(root, name: name, budget: &budget)
    }

    private init(_ node: Node, name: String, budget: inout Int) throws(RunError) {
        let place = "\(name):\(node.mark?.line ?? 1)"
        budget -= 1  // a few aliases of aliases can stand for more nodes than any memory holds
        guard budget > 0 else { throw RunError(.malformed, "\(place): more than \(mostNodes) values") }
        if let tag = node.explicitTag {
            throw RunError(
                .malformed, "\(place): tags are not supported: \(tag)",
                hint: "a value in quotes is a text, any other is what it looks like")
        }
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            self.init(
                content: .value(isPlain ? SettingValue(plain: scalar.string) : .text(scalar.string)), place: place)
        case .sequence(let sequence):
            var nodes: [RecipeNode] = []
            for element in sequence { nodes.append(try RecipeNode(element, name: name, budget: &budget)) }
            self.init(content: .list(nodes), place: place)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let place = "\(name):\(key.mark?.line ?? 1)"
                guard case .scalar(let scalar) = key else {
                    throw RunError(.malformed, "\(place): a key is not a word")
                }
                guard scalar.string != "<<" else {
                    throw RunError(
                        .malformed, "\(place): merge keys (<<) are not supported: YAML 1.2 does not have them",
                        hint: "write the keys out")
                }
                guard !entries.contains(where: { $0.key == scalar.string }) else {
                    throw RunError(.duplicateKey, "\(place): \(scalar.string) is there twice")
                }
                entries.append(
                    Entry(key: scalar.string, node: try RecipeNode(value, name: name, budget: &budget), place: place))
            }
            self.init(content: .mapping(entries), place: place)
        case .alias:
            throw RunError(.malformed, "\(place): an alias of nothing")
        }
    }
}

/// Far more than a recipe has, far less than hurts.
private let mostNodes = 100_000
private let deepest = 200

/// Whether brackets or dashes nest deeper than any recipe does, which the parser's recursion would not survive.
private func isTooDeep(_ text: String) -> Bool {
    var brackets = 0
    for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
        let start = line.drop { $0 == UInt8(ascii: " ") }
        if start.first == UInt8(ascii: "#") { continue }
        var items = 0  // `- - - 1` is a list in a list in a list
        for byte in start {
            guard byte != UInt8(ascii: " ") else { continue }
            guard byte == UInt8(ascii: "-") || byte == UInt8(ascii: "?") else { break }
            items += 1
        }
        if items > deepest { return true }
        for byte in start {
            switch byte {
            case UInt8(ascii: "["), UInt8(ascii: "{"): brackets += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): brackets = max(0, brackets - 1)
            default: break
            }
            if brackets > deepest { return true }
        }
    }
    return false
}

extension Node {
    /// A tag that the text gives to a value, such as `!!str`.
    fileprivate var explicitTag: String? {
        let tag =
            switch self {  // to the parser, a value in quotes has the tag of a text
            case .scalar(let scalar): scalar.style == .plain ? scalar.tag.description : ""
            case .sequence(let sequence): sequence.tag.description
            case .mapping(let mapping): mapping.tag.description
            case .alias: ""
            }
        return tag.isEmpty ? nil : tag.replacingOccurrences(of: "tag:yaml.org,2002:", with: "!!")
    }
}

extension RunError {
    fileprivate init(_ error: YamlError, in text: String, name: String) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let cause = cause(at: mark, in: text)
            self.init(
                .malformed, "\(name):\(mark.line): the text is not YAML: \(cause?.problem ?? problem)",
                hint: cause?.hint,
                underlying: error)
        case .duplicatedKeysInMapping(let keys, let context):
            let keys = keys.sorted().joined(separator: ", ")
            self.init(.duplicateKey, "\(name):\(context.mark.line): \(keys) is there twice", underlying: error)
        case .reader(let problem, _, let value, _):
            let scalars = text.unicodeScalars
            let found = scalars.firstIndex { $0.value == UInt32(bitPattern: value) }.map { index in
                (character: "\(scalars[index].escaped(asASCII: true))", at: TextPosition(after: scalars[..<index]))
            }
            self.init(
                .malformed,
                "\(name)\(found.map { ":\($0.at.line)" } ?? ""): the text is not YAML: \(problem)"
                    + (found.map { ": \($0.character) in column \($0.at.column)" } ?? ""), underlying: error)
        default:
            self.init(.malformed, "\(name): the text is not YAML", underlying: error)
        }
    }
}

/// What people mostly did wrong where the parser gave up; `nil` when it is something else.
private func cause(at mark: Mark, in text: String) -> (problem: String, hint: String)? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(mark.line - 1) else { return nil }
    let line = lines[mark.line - 1].unicodeScalars
    if line.prefix(while: { " \t-?".unicodeScalars.contains($0) }).contains("\t") {
        return ("the line is indented with a tab", "YAML is indented with spaces")
    }
    let character = line.dropFirst(mark.column - 1).first
    if let character, "@`%".unicodeScalars.contains(character) {
        return ("a value cannot begin with \(character)", "put the value in quotes")
    }
    return nil
}

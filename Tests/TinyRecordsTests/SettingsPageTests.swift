import Foundation
import Testing
import TinyFoundation
import TinyRecords

/// Documentation/Settings.md has every setting, algorithm and metric of this version, with its default.
@Suite("the page of the settings") struct SettingsPageTests {
    private let page: SettingsPage

    init() throws { page = try SettingsPage() }

    @Test("every key has one row, and no row is of a key that does not exist")
    func namesEveryKey() throws {
        let named = try page.settings().map(\.key), known = TrainingConfiguration.keys
        let missing = known.filter { !named.contains($0) }, unknown = named.filter { !known.contains($0) }
        #expect(missing == [], "keys that the page lacks")
        #expect(unknown == [], "rows of keys that do not exist")
        #expect(Set(named).count == named.count, "a key has two rows")
    }

    @Test("every default is the one of the general base")
    func defaultsAreStated() throws {
        for row in try page.settings() {
            let stated = try configuration([row.key: row.value])
            let difference = stated.firstDifference(from: TrainingConfiguration())
            #expect(difference == nil, "\(row.key): the page says \(row.value), it is \(difference?.theirs ?? "")")
        }
    }

    /// The error for a wrong name lists the right ones.
    @Test("every choice is named, in the order of the error for a wrong one")
    func choicesAreStated() throws {
        var count = 0
        for row in try page.settings() {
            guard let choices = allowedNames(of: row.key) else { continue }
            count += 1
            if row.choices.isEmpty {  // the text or another table has them
                for choice in choices { #expect(page.text.contains("`\(choice)`"), "\(row.key): \(choice)") }
            } else {
                #expect(row.choices == choices, "\(row.key)")
            }
        }
        #expect(count >= 15)
    }

    @Test("the demonstration's values are those that differ from the defaults")
    func demonstration() throws {
        var rows: [String: String] = [:]
        for cells in try page.rows(under: "## The demonstration's values") {
            let key = try #require(code(in: cells[0]).first)
            let value: String = try #require(code(in: cells[1]).first)
            rows[key] = value
        }
        let stated = try configuration(rows)
        let difference = stated.firstDifference(from: .demonstration)
        #expect(difference == nil, "\(String(describing: difference))")
        for (key, value) in rows {
            #expect(try configuration([key: value]) != TrainingConfiguration(), "\(key) is no difference")
        }
    }

    @Test("every algorithm is listed with the defaults that it sets")
    func algorithms() throws {
        let known = Algorithm.allCases.map(\.rawValue)
        let listed = try page.rows(under: "## Algorithms").flatMap { code(in: $0[0]) }
        #expect(listed == known)
        let sets = try page.algorithmDefaults()
        #expect(Set(sets.keys) == Set(known))
        for algorithm in Algorithm.allCases {
            var stated = try configuration(sets[algorithm.rawValue] ?? [:])
            stated.algorithm = algorithm
            let difference = stated.firstDifference(from: TrainingConfiguration(algorithm))
            #expect(difference == nil, "\(algorithm.rawValue): \(String(describing: difference))")
        }
    }

    @Test("every metric of steps.jsonl is listed, and no other")
    func metrics() throws {
        let parts = ["### Every algorithm", "### Rollouts", "### Policy gradients", "### Evolution"]
        let named = try parts.flatMap { try page.rows(under: $0) }.flatMap { code(in: $0[0]) }
        let known = try everyMetric()
        let missing = known.subtracting(named).sorted(), unknown = Set(named).subtracting(known).sorted()
        #expect(missing == [], "metrics that the page lacks")
        #expect(unknown == [], "rows of metrics that do not exist")
        #expect(Set(named).count == named.count, "a metric has two rows")
    }

    // MARK: What this version knows

    /// Settings, written as in a recipe, over the general defaults.
    private func configuration(_ settings: [String: String]) throws -> TrainingConfiguration {
        let members = settings.map { key, value in
            let isPlain = ["null", "true", "false"].contains(value) || Double(value) != nil
            return "\"\(key)\": " + (isPlain ? value : "\"\(value)\"")
        }
        return try TrainingConfiguration(json: "{" + members.joined(separator: ", ") + "}")
    }

    /// The names that a setting may have; `nil` where it is not chosen by name.
    private func allowedNames(of key: String) -> [String]? {
        do throws(RecordsError) {
            _ = try TrainingConfiguration(json: "{\"\(key)\": \"?\"}")
            return nil
        } catch {
            let parts = error.message.components(separatedBy: "expected one of ")
            return parts.count == 2 ? parts[1].components(separatedBy: ", ") : nil
        }
    }

    /// Keys of a step's metrics, those that may be absent included.
    private func everyMetric() throws -> Set<String> {
        var rollout = RolloutMetrics()
        rollout.failedGrades = 1
        rollout.gradeFailure = "late"
        rollout.overlongMean = 0
        rollout.overlongDeviation = 0
        rollout.rounds = 1
        rollout.discardedGroups = 0
        rollout.discardedTokens = 0
        rollout.keptReward = 0
        rollout.keptRewardDeviation = 0
        rollout.keptEqualShare = 0
        var policy = PolicyMetrics()
        policy.divergence = 0
        policy.cappedShare = 0
        policy.boundedShare = 0
        policy.importanceBoundedShare = 0
        let evolution = EvolutionMetrics()
        var metrics = StepMetrics()
        metrics.rollout = rollout
        metrics.policy = policy
        metrics.evolution = evolution
        let members = try JSONDecoder().decode([String: SettingValue].self, from: JSONEncoder().encode(metrics))
        // A metric that is added later and may be absent has to be given above.
        let groups: [Any] = [rollout, policy, evolution]
        var count = Mirror(reflecting: metrics).children.count - groups.count
        for group in groups { count += Mirror(reflecting: group).children.count }
        #expect(members.count == count, "a metric is not given here, or not written")
        return Set(members.keys)
    }
}

/// Documentation/Settings.md, taken apart.
private struct SettingsPage {
    let text: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        text = try String(contentsOf: root.appending(path: "Documentation/Settings.md"), encoding: .utf8)
    }

    /// A setting's row.
    struct Row {
        var key: String
        /// Its default, as in a recipe.
        var value: String
        /// Its values, where the row lists them.
        var choices: [String]
    }

    /// The rows of the part "All keys".
    func settings() throws -> [Row] {
        let parts = try part("## All keys").components(separatedBy: "\n### ").dropFirst()
        return try parts.flatMap { part in
            try tableRows(part).map { cells in
                Row(
                    key: try #require(code(in: cells[0]).first), value: try #require(code(in: cells[1]).first),
                    choices: code(in: cells[2]))
            }
        }
    }

    /// What each algorithm sets: a column of the table of policy gradients, whose empty cells are grpo's, or a list.
    func algorithmDefaults() throws -> [String: [String: String]] {
        var sets: [String: [String: String]] = [:]
        let lines = tableLines(try part("### What policy gradients set"))
        let names = try #require(lines.first).dropFirst()
        for cells in lines.dropFirst(2) {
            let key = try #require(code(in: cells[0]).first)
            for (name, cell) in zip(names, cells.dropFirst()) {
                sets[name, default: [:]][key] = cell.isEmpty ? cells[1] : cell
            }
        }
        for cells in tableRows(try part("### What the others set")) {
            let name = try #require(code(in: cells[0]).first)
            for setting in code(in: cells[1]) {
                let sides = setting.components(separatedBy: ": ")
                try #require(sides.count == 2, "\(setting) is not a key and a value")
                sets[name, default: [:]][sides[0]] = sides[1]
            }
        }
        return sets
    }

    /// The rows of the first table under a heading.
    func rows(under heading: String) throws -> [[String]] { tableRows(try part(heading)) }

    /// What is under a heading, up to the next of its level or a higher one.
    private func part(_ heading: String) throws -> String {
        let start = try #require(text.range(of: "\n\(heading)\n"), "the page has no \(heading)").upperBound
        let rest = text[start...], level = heading.prefix { $0 == "#" }.count
        let ends = (2...level).compactMap { rest.range(of: "\n" + String(repeating: "#", count: $0) + " ")?.lowerBound }
        return String(rest[..<(ends.min() ?? rest.endIndex)])
    }

    /// The rows of the first table of a text, without its head.
    private func tableRows(_ text: String) -> [[String]] { Array(tableLines(text).dropFirst(2)) }

    /// The lines of the first table of a text, each as its cells.
    private func tableLines(_ text: String) -> [[String]] {
        text.components(separatedBy: "\n").drop { !$0.hasPrefix("|") }.prefix { $0.hasPrefix("|") }.map { line in
            line.components(separatedBy: "|").dropFirst().dropLast().map { $0.trimmingCharacters(in: .whitespaces) }
        }
    }
}

/// What stands between backticks.
private func code(in cell: String) -> [String] {
    cell.components(separatedBy: "`").enumerated().filter { !$0.offset.isMultiple(of: 2) }.map(\.element)
}

import Foundation
import Testing
import TinyRuns
import TinyRecords
import TinyTestSupport

@Suite("Problems that are in two sets of a run")
struct ProblemOverlapTests {
    private func overlaps(
        train: [String], test: [String], validation: [String]? = nil, taken: Int = 0
    ) throws -> [String] {
        try withTemporaryDirectory { directory in
            func write(_ name: String, _ questions: [String]) throws -> String {
                let rows = questions.map { "{\"question\": \"\($0)\", \"answer\": \"1\"}" }
                try Data(rows.joined(separator: "\n").utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
                return "\(directory)/\(name)"
            }
            var configuration = TrainingConfiguration()
            configuration.train = try write("train.jsonl", train)
            configuration.eval = try write("test.jsonl", test)
            configuration.evaluation.validationFile = try validation.map { try write("validation.jsonl", $0) }
            configuration.evaluation.validationProblems = validation?.count ?? taken
            return try RunProblems(configuration).overlaps.map { "\($0)" }
        }
    }

    @Test("are counted, white space aside")
    func counted() throws {
        #expect(try overlaps(train: ["a b", "c"], test: ["d", "c "]).count == 1)
        let found = try overlaps(train: ["a b", "c", "e"], test: [" a\\n b", "c", "d", "c"])
        #expect(found.count == 1 && found[0].hasPrefix("3 of 4 test problems are also training problems"))
        #expect(try overlaps(train: ["ab"], test: ["a b", "A B"]).isEmpty)
    }

    @Test("are told for every pair of sets")
    func pairs() throws {
        let found = try overlaps(train: ["a", "b"], test: ["b", "c"], validation: ["a", "c", "d"])
        #expect(
            found.map { $0.prefix { $0 != "," } } == [
                "1 of 2 test problems are also training problems",
                "1 of 3 validation problems are also training problems",
                "1 of 2 test problems are also validation problems",
            ])
        #expect(try overlaps(train: ["a", "b", "a"], test: ["c"], taken: 1).count == 1)
    }

    @Test("are none in Abacus's own")
    func abacus() throws {
        var configuration = TrainingConfiguration.demonstration
        configuration.evaluation.validationProblems = 50
        #expect(try RunProblems(configuration).overlaps.isEmpty)
    }
}

import Foundation
import Testing
import TinyProblems

/// A folder of published data sets beside the checkout, or one level further up. It is not part of the repository.
private let publishedData: URL? = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    let candidates = ["../shared/data", "../../shared/data"].map {
        folder.appendingPathComponent($0).standardizedFileURL
    }
    return candidates.first { FileManager.default.fileExists(atPath: $0.path) }
}()

/// Those of the sets named `folder/file` that are there.
private func present(_ names: [String]) -> [String] {
    names.filter { name in
        publishedData.map { FileManager.default.fileExists(atPath: $0.appendingPathComponent(name + ".jsonl").path) }
            ?? false
    }
}

private func load(_ name: String) throws -> ProblemSet {
    try ProblemSet(contentsOf: #require(publishedData).appendingPathComponent(name + ".jsonl").path)
}

@Suite("Published data sets", .enabled(if: publishedData != nil, "the data sets are not beside this checkout"))
struct PublishedDataTests {
    private static let rows = [
        "gsm8k/train": 7473, "gsm8k/test": 660, "math500/test": 500, "math_train/train": 7468, "aime24/test": 30,
        "aime25/test": 30, "amc23/test": 40, "minerva_math/test": 272, "olympiadbench/test": 675,
    ]

    @Test("parse whole", arguments: present(rows.keys.sorted()))
    func parse(name: String) throws {
        let set = try load(name)
        #expect(set.name == name)
        #expect(set.problems.count == Self.rows[name])
        #expect(Set(set.problems.map(\.id)).count == set.problems.count)
    }

    @Test(
        "of GSM8K have numbers for answers, and their own solutions are right",
        arguments: present(["gsm8k/train", "gsm8k/test"]))
    func goldSolutions(name: String) throws {
        for problem in try load(name).problems {
            #expect(problem.answer.allSatisfy { "-0123456789".contains($0) }, "\(problem.id): \(problem.answer)")
            let grade = FinalAnswerReward().grade(problem.solution ?? "", for: problem)
            #expect(grade.strict && grade.lenient, "\(problem.id): \(grade)")
        }
    }
}

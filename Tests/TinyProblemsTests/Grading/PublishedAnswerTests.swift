import Foundation
import Testing
import TinyProblems

/// A folder of published data sets beside the checkout, or one level further up. It is not part of the repository.
private let publishedData: URL? = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<4 { folder.deleteLastPathComponent() }
    return ["../shared/data", "../../shared/data"].lazy.map { folder.appendingPathComponent($0).standardizedFileURL }
        .first { FileManager.default.fileExists(atPath: $0.path) }
}()

/// A case that another grader's test suite decides.
private struct PublishedCase: Decodable {
    var prediction: String
    var gold: String
    var equal: Bool
    /// The label depends on a convention or is wrong.
    var dubious: Bool?
    var options: GradingOptions?
}

@Suite("Published answers", .enabled(if: publishedData != nil, "the data sets are not beside this checkout"))
struct PublishedAnswerTests {
    @Test("of other graders' suites are accepted and refused as labelled")
    func cases() throws {
        let file = try #require(publishedData).appendingPathComponent("grading/cases.jsonl")
        let cases = try Data(contentsOf: file).split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(PublishedCase.self, from: Data($0))
        }
        let clear = cases.filter { $0.dubious != true }
        #expect(clear.count > 250)
        for row in clear {
            let grade = MathGrader(options: row.options ?? GradingOptions()).grade(row.prediction, gold: row.gold)
            #expect(grade.lenient == row.equal, "\(row.prediction.suffix(200)) against \(row.gold)")
        }
    }

    @Test(
        "equal themselves bare, boxed and announced, and no answer with one digit changed",
        arguments: ["math500", "aime24", "aime25", "amc23", "olympiadbench", "minerva_math"])
    func golds(name: String) throws {
        let file = try #require(publishedData).appendingPathComponent(name + "/test.jsonl")
        let grader = MathGrader()
        for problem in try ProblemSet(contentsOf: file.path).problems {
            let gold = problem.answer
            #expect(grader.grade(gold, gold: gold).strict, "\(problem.id): \(gold)")
            #expect(grader.grade("So it is \\boxed{\(gold)}.", gold: gold).strict, "\(problem.id): \(gold)")
            #expect(grader.grade("The final answer is $\(gold)$.", gold: gold).lenient, "\(problem.id): \(gold)")
            let letters = Array(gold)
            for index in letters.indices where letters[index].isASCII && letters[index].isNumber {
                var changed = letters
                // Another digit for every place, so that all of them occur.
                changed[index] = Character(
                    String((Int(String(letters[index])) ?? 0) + 1 + index % 9).suffix(1).description)
                guard changed != letters else { continue }
                #expect(!grader.isEquivalent(String(changed), to: gold), "\(problem.id): \(String(changed)), \(gold)")
            }
        }
    }
}

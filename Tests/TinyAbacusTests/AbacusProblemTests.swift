import Testing
import TinyAbacus
import TinyProblems
import TinyFoundation

@Suite("Abacus problems")
struct AbacusProblemTests {
    private static let sample = AbacusSplit.allCases.flatMap { split in
        (0..<2000).map { (split, AbacusGenerator(seed: 1).problem(at: $0, in: split)) }
    }

    @Test("three or four steps, each worked out right and ending in the answer")
    func stepsAreRight() {
        for (_, problem) in Self.sample {
            #expect((3...4).contains(problem.steps.count), "\(problem)")
            #expect(problem.steps.allSatisfy { $0.operation($0.left, $0.right) == $0.result }, "\(problem)")
            #expect(problem.answer == problem.steps.last?.result, "\(problem)")
        }
    }

    @Test("a solution uses the numbers of the question, the words for two and three, and its own results; nothing else")
    func stepsFollowFromTheQuestion() {
        for (_, problem) in Self.sample {
            let named = problem.question.split { !$0.isNumber }.compactMap { Int($0) }
            var known = Set(named + [2, 3])
            for step in problem.steps {
                #expect(known.contains(step.left) && known.contains(step.right), "\(step.equation) in \(problem)")
                known.insert(step.result)
            }
            let used = Set(problem.steps.flatMap { [$0.left, $0.right] })
            #expect(used.isSuperset(of: named), "a number is never used: \(problem)")
        }
    }

    @Test("every quantity is a whole number from 2 to 300")
    func quantitiesStaySmall() {
        #expect(Self.sample.allSatisfy { _, problem in problem.steps.allSatisfy { (2...300).contains($0.result) } })
    }

    @Test("stories are complete: no gap is left open and each ends with its question")
    func storiesAreComplete() {
        for (_, problem) in Self.sample {
            #expect(!problem.question.contains("{") && !problem.question.contains("}"), "\(problem)")
            #expect(problem.question.hasSuffix("?"), "\(problem)")
        }
    }

    @Test("guessing does not pay: no answer is common, and few answers stand in the question")
    func answersAreSpread() {
        var counts: [Int: Int] = [:]
        for (_, problem) in Self.sample { counts[problem.answer, default: 0] += 1 }
        #expect(counts.values.allSatisfy { Double($0) < 0.04 * Double(Self.sample.count) })
        let standing = Self.sample.count { _, problem in
            problem.question.split { !$0.isNumber }.contains(Substring(String(problem.answer)))
        }
        #expect(Double(standing) < 0.1 * Double(Self.sample.count), "\(standing) of \(Self.sample.count)")
    }

    @Test("train and test share no calculation")
    func splitsAreDisjoint() {
        func calculations(_ split: AbacusSplit) -> Set<[AbacusStep]> {
            Set(Self.sample.filter { $0.0 == split }.map(\.1.steps))
        }
        #expect(Self.sample.allSatisfy { split, problem in problem.split == split })
        #expect(calculations(.training).isDisjoint(with: calculations(.test)))
    }

    @Test("a longer set begins with the shorter ones")
    func setsArePrefixes() {
        #expect(Array(AbacusProblems.train(40).prefix(10)) == AbacusProblems.train(10))
        #expect(Array(AbacusProblems.test(40).prefix(10)) == AbacusProblems.test(10))
        #expect(Array(AbacusProblems.validation(40).prefix(10)) == AbacusProblems.validation(10))
    }

    @Test("validation shares no question and no id with train and test")
    func validationIsApart() {
        let own = AbacusProblems.validation(500), others = AbacusProblems.test(4096) + AbacusProblems.train(4096)
        let questions = Set(others.map(\.question)), ids = Set(others.map(\.id))
        let shared = own.filter { questions.contains($0.question) || ids.contains($0.id) }
        #expect(shared.isEmpty, "\(shared.count) problems")
    }

    @Test("every reference style is graded as right", arguments: SolutionStyle.allCases)
    func referenceSolutionsAreRight(style: SolutionStyle) throws {
        for problem in AbacusProblems.train(200, solutions: style) {
            let solution = try #require(problem.solution)
            #expect(FinalAnswerReward().grade(solution, for: problem).strict, "\(solution)")
        }
    }
}

public import TinyFoundation
public import TinyProblems

/// Abacus problems in the form that trainers and evaluators use.
///
/// ```swift
/// let practice = AbacusProblems.train(4096)
/// let exam = AbacusProblems.test(500)        // none of their calculations occurs in `practice` or in the corpus
/// ```
public enum AbacusProblems {
    /// The first `count` problems for training, with solutions in a style. A longer set begins with the shorter ones.
    public static func train(_ count: Int, solutions style: SolutionStyle = .equations) -> [Problem] {
        problems(count, in: .training, style: style)
    }

    /// The first `count` problems for evaluation, with solutions in a style.
    public static func test(_ count: Int, solutions style: SolutionStyle = .equations) -> [Problem] {
        problems(count, in: .test, style: style)
    }

    /// The first `count` problems for choosing settings: held out as those of ``test(_:solutions:)`` are, and none of their
    /// calculations occurs in the first 4,096 of those. Costs as much as generating them.
    public static func validation(_ count: Int, solutions style: SolutionStyle = .equations) -> [Problem] {
        let generator = AbacusGenerator(seed: seed)
        let tested = Set((0..<mostTested).map { generator.problem(at: $0, in: .test).steps })
        var problems: [Problem] = []
        var index = firstValidation
        while problems.count < count {
            if !tested.contains(generator.problem(at: index, in: .test).steps) {
                problems.append(problem(at: index, in: .test, by: generator, style: style))
            }
            index += 1
        }
        return problems
    }

    private static func problems(_ count: Int, in split: AbacusSplit, style: SolutionStyle) -> [Problem] {
        let generator = AbacusGenerator(seed: seed)
        return (0..<count).map { problem(at: $0, in: split, by: generator, style: style) }
    }

    private static func problem(
        at index: Int, in split: AbacusSplit, by generator: AbacusGenerator, style: SolutionStyle
    ) -> Problem {
        let problem = generator.problem(at: index, in: split)
        return Problem(
            id: "abacus-\(split)-\(index)", question: problem.question, answer: String(problem.answer),
            solution: problem.referenceSolution(style: style))
    }

    private static let mostTested = 4096, firstValidation = 1_000_000

    /// Different from the seed of the corpus that the committed weights were trained on, which is 1.
    private static let seed: UInt64 = 2
}

public import TinyProblems
public import TinyFoundation

/// Abacus problems in the form that trainers and evaluators take.
///
/// ```swift
/// let practice = AbacusProblems.train(4096)
/// let exam = AbacusProblems.test(500)        // none of their calculations occurs in `practice` or in the corpus
/// ```
public enum AbacusProblems {
    /// The first `count` problems for reinforcement learning. A longer set begins with the shorter ones.
    public static func train(_ count: Int) -> [Problem] { problems(count, in: .training) }

    /// The first `count` problems for evaluation.
    public static func test(_ count: Int) -> [Problem] { problems(count, in: .test) }

    /// The first `count` problems for choosing settings: held out as ``test(_:)``'s are, and none of their calculations occurs
    /// in its first 4,096. Costs as much as making those.
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

    /// The same sets with solutions in another style, for supervised training.
    public static func train(_ count: Int, solutions style: SolutionStyle) -> [Problem] {
        problems(count, in: .training, style: style)
    }

    /// The same evaluation sets with solutions in another style, for the loss on held-out solutions.
    public static func test(_ count: Int, solutions style: SolutionStyle) -> [Problem] {
        problems(count, in: .test, style: style)
    }

    private static func problems(
        _ count: Int, in split: AbacusSplit, style: SolutionStyle = .equations
    ) -> [Problem] {
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

    /// Apart from the seed of the corpus behind the committed weights, which is 1.
    private static let seed: UInt64 = 2
}

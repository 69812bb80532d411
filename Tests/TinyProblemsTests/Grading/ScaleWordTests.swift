import Testing
import TinyProblems

@Suite("Words such as million")
struct ScaleWordTests {
    private let grader = MathGrader()

    /// Answers with `≡` between them.
    private func sides(_ row: String) throws -> (String, String) {
        let sides = row.split(separator: "≡").map(String.init)
        try #require(sides.count == 2, "\(row)")
        return (sides[0], sides[1])
    }

    @Test(
        "multiply the number before them, either way round, boxed and announced",
        arguments: [
            #"1.5 \text{ million}≡1500000"#, "2 million≡2000000", #"200 \text{ thousand}≡2\times10^5"#,
            #"2 \text{ million}≡2000 \text{ thousand}"#, "-2 million≡-2000000", "2 hundred thousand≡200000",
            #"1.2\text{ billion}≡1200000000"#, "3 trillion≡3000000000000", "3 dozens≡36", "4 Hundred≡400",
            // Fractions, sums, quotients, equations.
            #"\frac12 \text{ million}≡500000"#, #"1\frac12 \text{ million}≡1500000"#, "1/2 million≡500000",
            #"3 \text{ million} + 2 \text{ thousand}≡3002000"#,
            #"x = 5 \text{ million}≡5000000"#,
            // Numbers in words.
            "one hundred≡100", #"\text{one hundred}≡100"#, "two million≡2000000", #"\text{two thousand}≡2000"#,
            "seventy-two thousand≡72000",
            // Units and currencies behind them.
            #"5 \text{ thousand dollars}≡5000"#, "5 thousand dollars≡5000", "3 million people≡3000000",
            #"\text{3 million people}≡3000000"#, #"\$1.2 \text{ billion}≡1200000000"#, #"2 \text{ dozen eggs}≡24"#,
            "5 million/year≡5000000", #"5 \text{ million/year}≡5000000"#,
            #"5 \text{ thousand meters}≡5000 \text{ m}"#,
        ])
    func multiply(row: String) throws {
        let (a, b) = try sides(row)
        #expect(grader.isEquivalent(a, to: b))
        #expect(grader.isEquivalent(b, to: a))
        #expect(grader.grade("So it is \\boxed{\(a)}.", gold: b).strict)
        #expect(grader.grade("We see this from above. The final answer is $\(a)$.", gold: b).lenient)
    }

    @Test(
        "are not interchangeable, and nobody asks for hundreds: either way round, boxed and announced",
        arguments: [
            #"2 \text{ million}≡2 \text{ thousand}"#, #"1.5 \text{ million}≡1.5\text{ billion}"#,
            "5 million≡5 billion", "one hundred≡1", "4 hundred≡4", "5 million≡5000", "5 dozen (60)≡720",
            #"5 \text{ thousand meters}≡5000 \text{ cm}"#, "two hundred fifty≡200", "two hundred fifty≡2",
            "2 dozen eggs≡2 thousand eggs", "seventy-two thousand≡-1930", #"\text{one hundred fifty}≡100"#,
            #"5 \text{ hundred twenty}≡500"#,
        ])
    func kept(row: String) throws {
        let (a, b) = try sides(row)
        for (prediction, gold) in [(a, b), (b, a)] {
            #expect(!grader.isEquivalent(prediction, to: gold))
            #expect(!grader.grade("So it is \\boxed{\(prediction)}.", gold: gold).lenient)
            #expect(!grader.grade("We see this from above. The final answer is $\(prediction)$.", gold: gold).lenient)
        }
    }

    @Test(
        "may be what the question asks for, where one answer alone has them",
        arguments: [
            "26 dozen≡26", #"5 \text{ million}≡5"#, #"5 \text{ thousand dollars}≡5"#, "1.5 billion people≡1.5",
            "2 dozens≡2",
        ])
    func units(row: String) throws {
        let (a, b) = try sides(row)
        #expect(grader.isEquivalent(a, to: b) && grader.isEquivalent(b, to: a))
        #expect(grader.grade("So it is \\boxed{\(a)}.", gold: b).strict)
        #expect(grader.grade("They need \(a).", gold: b).lenient)
    }

    @Test(
        "are part of a unit where they do not follow the number",
        arguments: [
            ("5 parts per million", "5000000"), (#"5 \text{ parts per million}"#, "5000000"),
            ("5 per thousand", "5000"), (#"5 \text{ hundred-dollar bills}"#, "500"),
        ])
    func unit(prediction: String, product: String) {
        #expect(grader.grade("\\boxed{\(prediction)}", gold: "5").strict)
        #expect(!grader.grade("\\boxed{\(prediction)}", gold: product).lenient)
    }

    @Test(
        "belong to the number that is found in a sentence",
        arguments: [
            "The answer is 5 million.", "The answer is $5$ million.", "The town has 5 million inhabitants.",
            "The town has $5$ million inhabitants.", #"The town has 5 \text{ million} inhabitants."#,
            #"It earns \$5 million."#, "The answer is five million dollars.",
        ])
    func sentence(completion: String) {
        for gold in ["5000000", "5 million", "5"] {
            let grade = grader.grade(completion, gold: gold)
            #expect(grade.lenient && !grade.strict, "\(gold)")
        }
        for gold in ["5 thousand", "5000", "6000000"] {
            #expect(!grader.grade(completion, gold: gold).lenient, "\(gold)")
        }
    }

    @Test("multiply numbers with a decimal comma")
    func decimalComma() {
        #expect(grader.isEquivalent("1.234,5 million", to: "1234500000"))
        #expect(!grader.isEquivalent("1.234,5 million", to: "1234.5 thousand"))
    }

    @Test("may be the unit of a problem")
    func problemUnit() {
        let problem = Problem(id: "1", question: "How many million tons?", answer: "2.2", unit: "million tons")
        for answer in ["2.2", "2.2 \\text{ million}", "2.2 \\text{ million tons}", "2200000"] {
            #expect(MathReward().grade("\\boxed{\(answer)}", for: problem).strict, "\(answer)")
        }
        #expect(!MathReward().grade("\\boxed{2.3 \\text{ million tons}}", for: problem).lenient)
    }
}

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
            // A divisor has its own word; half a million has not.
            "60 million / 20 million≡3", "12 million / 3 thousand≡4000", #"72 \text{ dozen} \div 6 \text{ dozen}≡12"#,
            #"\frac{6 \text{ million}}{2 \text{ thousand}}≡3000"#, "3/4 million≡750000",
            // Several words.
            "two hundred fifty≡250", "two hundred and fifty≡250", #"\text{one hundred fifty}≡150"#,
            "2 million four hundred thousand≡2400000", "two thousand twenty people≡2020",
            "two hundred fifty dollars≡250",
            // Numbers in words.
            "one hundred≡100", #"\text{one hundred}≡100"#, "two million≡2000000", #"\text{two thousand}≡2000"#,
            "seventy-two thousand≡72000",
            // Units and currencies behind them.
            #"5 \text{ thousand dollars}≡5000"#, "5 thousand dollars≡5000", "3 million people≡3000000",
            #"\text{3 million people}≡3000000"#, #"\$1.2 \text{ billion}≡1200000000"#, #"2 \text{ dozen eggs}≡24"#,
            "5 million/year≡5000000", "5 million/day≡5000000", "5 million/day≡5 million per day",
            #"5 \text{ million/year}≡5000000"#,
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
            #"5 \text{ thousand meters}≡5000 \text{ cm}"#, "two hundred fifty≡200",
            #"\text{one hundred and fifty}≡100"#, "one hundred and fifty≡100, 50",
            #"\text{one hundred minus one}≡100"#, #"\text{three dozen less one}≡36"#,
            #"\text{three thousand minus two thousand}≡3000"#, #"5 \text{ thousand times 3}≡5000"#,
            #"5 \text{ thousand and five hundred}≡5000"#, #"5 \text{ thousand to 7 thousand}≡5000"#,
            "25 hundred thousandths≡2500", "60 million / 20 million≡3000000000000",
            "2 million four hundred thousand≡2000000", "two hundred fifty≡2",
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

    @Test(
        "are not cut off the number that they are part of",
        arguments: [
            ("It costs 2 thousand five hundred dollars.", "2000"),
            ("It costs 2 thousand and five hundred dollars.", "2000"),
            ("The population was 2 million four hundred thousand.", "2000000"),
            ("He has 3 dozen and a half eggs.", "36"),
        ])
    func wholeNumbers(completion: String, part: String) {
        #expect(!grader.grade(completion, gold: part).lenient)
    }

    @Test(
        "may be units in an equation, of variables, and of places",
        arguments: [
            ("The moose population of Canada is 2 million/2=1 million.", "1"),
            ("The profit is 5 million - 2 million = 3 million.", "3"),
            (#"\boxed{3 \text{ million} \times 2 = 6 \text{ million}}"#, "6"),
            ("So the total is 60 million/20 million = 3.", "3"), ("The cost is $x$ million dollars.", "x"),
            (#"\boxed{3 \text{ hundreds}}"#, "3"), ("There are 7 hundreds in the number.", "7"),
        ])
    func unitsInContext(completion: String, gold: String) {
        #expect(grader.grade(completion, gold: gold).lenient)
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

import Testing
import TinyProblems

/// Answers as people and models write them, by kind: each kind was reported against some public grader.
@Suite("An answer as it is written")
struct ReportedAnswerTests {
    @Test(
        "is the last side of a final equation, whatever the left side is",
        arguments: [
            (#"\boxed{p+q = 47}"#, "47"), (#"\boxed{p+q = 15+32 = 47}"#, "47"), ("Answer: a+b+c = 3+4+5 = 12", "12"),
            (#"\boxed{V = \frac43\pi r^3 = 36\pi}"#, #"36\pi"#), (#"\boxed{\angle ABC = 35^\circ}"#, "35"),
            (#"\boxed{P(X > 2) = \frac{3}{8}}"#, "3/8"), (#"\boxed{f(g(2)) = 11}"#, "11"),
            (#"\boxed{\frac{AB}{CD} = 2}"#, "2"),
            (#"\boxed{\sum_{k=1}^{4} k = 10}"#, "10"), (#"\boxed{a+b = 2c}"#, "2c"), (#"\boxed{12 = m+n}"#, "12"),
            (#"\boxed{\left. x^2 \right|_0^3 = 9}"#, "9"), (#"\boxed{x+2 = 5 \implies x = 3}"#, "3"),
            ("Number of ways = 24", "24"),
            (#"\boxed{A = 25\pi \approx 78.54}"#, #"25\pi"#),
            (#"\boxed{\begin{cases} x=3 \\ y=4 \end{cases}}"#, "x=3, y=4"),
            ("x=3, y=4", "(3,4)"), ("y=4, x=3", "x=3, y=4"), ("x_1=2, x_2=-5", "-5, 2"),
        ])
    func lastSide(prediction: String, gold: String) { #expect(isAccepted(prediction, gold)) }

    @Test(
        "is not the last side where the sides disagree, or the gold answer is an equation",
        arguments: [
            (#"\boxed{5+7 = 13}"#, "13"), (#"\boxed{m+n = 15+32 = 48}"#, "48"), (#"\boxed{x^2 = 1}"#, "x = 1"),
            (#"\boxed{x+1 = 5}"#, "x = 5"), ("x=4, y=3", "x=3, y=4"), ("4, 3", "x=3, y=4"),
            (#"\boxed{m+n = 47}"#, "46"),
            (#"\boxed{y = 5}"#, "x = 5"),
        ])
    func otherSide(prediction: String, gold: String) { #expect(!isAccepted(prediction, gold)) }

    @Test(
        "is found in a sentence, a heading, a turn or a part",
        arguments: [
            ("Final Answer: Tom has 36 apples left. I hope it is correct.", "36"),
            ("The answer is that each of the 4 boxes holds 9 pens! Let me know if you need more (24/7).", "9"),
            ("**Answer**\n\n$$x = \\frac{3}{4}$$", "3/4"), ("Answer \\[ 36 \\]", "36"),
            ("Answer: \\(36\\) because 4·9 is 36", "36"),
            ("Therefore, x = 2 or x = -5.", "-5, 2"), ("so the two numbers are 3 and 5", "5, 3"),
            ("So the total is \\boxed{36}.\n\n#### Check\nDividing by 9 gives 4.", "36"),
            ("#### Step 1: boxes\n4*9 = 36\n\n#### Step 2: total\nSo there are 36 pens.", "36"),
            ("4*9 = 36\n#### **36**", "36"), ("**#### 36**", "36"), ("4*9 = 36\n#### Final Answer: 36", "36"),
            ("#### 36<|im_end|>\n<|im_start|>user\nAnd 5 boxes?", "36"), ("The answer is 36.</s>", "36"),
            ("The answer is 36.\n\nHuman: And 5 boxes? The answer is 45.", "36"), ("***ANSWER***: ***7***", "7"),
            ("'42'", "42"),
            ("(a) The mean is \\boxed{6}.\n(b) The median is \\boxed{5}.", "(a) 6, (b) 5"),
            ("so a = \\boxed{3}, and from this b = \\boxed{-4}", "(3, -4)"), ("<answer>36</answer>", "36"),
            ("{\"answer\": 36}", "36"),
            ("\\boxed{36}", "4*9 = <<4*9=36>>36\n#### 36"), ("36", "We multiply: 4*9. The answer is 36."),
            ("Die Antwort lautet 3,75 Meter.", "3,75"), ("Das sind 3.5 Meter.", "3,5"),
            ("It costs 1.234,50 €.", "1234,50"),
            ("The film starts at 8:15. **Answer:** It starts at 8:15.", "8:15"),
            ("\\boxed{\\text{There are 36 pens}}", "36"),
            ("\\begin{align*}3x+5 &= 26\\\\ x &= 7\\end{align*}", "7"), ("the answer is seventy-two", "72"),
            ("It takes 2 1/2 hours", "2.5"), ("So it is -2 1/2 degrees", "-5/2"), ("We add 1/3 1/2", "1/2"),
        ])
    func found(prediction: String, gold: String) { #expect(isAccepted(prediction, gold)) }

    @Test(
        "is not a number that stands elsewhere",
        arguments: [
            ("The answer is either 5 or 6.", "5"), ("Answer: B or D", "B"), ("Answer: 5; alternatively 6", "5"),
            ("There are 36 students. We cannot tell how many are girls.", "36"), ("#### 36\nThe answer is 35.", "34"),
            ("\\boxed{3\\text{ ft }6\\text{ in}}", "6"), ("\\boxed{x > 5}", "5"), ("\\boxed{5\\text{ cm}^2}", "2"),
            ("(a) \\boxed{4}\n(b) \\boxed{3}", "(a) 3, (b) 4"), ("The answer is 6, not 5.", "5"),
            ("It takes 2 1/2 hours", "1/2"),
            ("The answer is 7.<|im_end|>\n<|im_start|>user\nIs it 8?", "8"),
            ("Final Answer: 35. Ask me anything, 36 times!", "36"),
            ("\\textbf{Answer:} $x=2$ (we discard $x=-1$)", "-1"),
        ])
    func elsewhere(prediction: String, gold: String) { #expect(!isAccepted(prediction, gold)) }

    @Test(
        "may be plain TeX, styled, or have a unit",
        arguments: [
            (#"\boxed{{5 \over 6}}"#, #"\frac56"#), (#"{\sqrt{5} \over 3}"#, #"\frac{\sqrt5}{3}"#),
            (#"{6 \choose 2}"#, "15"),
            (#"{x+y \over 2}"#, #"\frac{x+y}{2}"#), (#"\root 3 \of 5"#, #"\sqrt[3]{5}"#),
            (#"\frac\pi4"#, #"\frac{\pi}{4}"#),
            (#"\underline{36}"#, "36"), (#"\textcolor{blue}{36}"#, "36"), (#"\color{red} 36"#, "36"),
            (#"\text{36 apples}"#, "36"),
            (#"\fbox{$\mathbf{36}$}"#, "36"), (#"\phantom{0}36"#, "36"), (#"36\,\mathrm{km/h}"#, "36"),
            (#"36^\circ\text{C}"#, "36"),
            (#"36°C"#, "36"), (#"36\text{ N}"#, "36"), (#"36\ \mathrm{J/(kg\cdot K)}"#, "36"),
            ("36 km per hour", #"36\text{ km/h}"#),
            (#"36\,\mathrm{m\,s^{-1}}"#, #"36\,\frac{\mathrm{m}}{\mathrm{s}}"#), ("36 m²", "36"),
            ("36 sq ft", #"36\text{ ft}^2"#),
            (#"0.\dot{3}"#, "1/3"), (#"0.1(6)"#, "1/6"), (#"0.333\ldots"#, "1/3"), (#"(101)_2"#, "101_2"),
            ("10⁻³", "0.001"),
            ("∛27", "3"), (#"x \equiv 3 \pmod 7"#, #"x\equiv 3\pmod{7}"#), (#"2 \text{ to } 3"#, "2:3"),
            (#"120^{\text{o}}"#, #"120^\circ"#), (#"58\text{,}500"#, "58,500"), (#"N \equiv 113 \pmod{1000}"#, "113"),
            ("]0, 1[", "(0,1)"), (#"]-\infty, 2] \cup [3, 5["#, #"(-\infty,2]\cup[3,5)"#),
        ])
    func notation(prediction: String, gold: String) {
        #expect(isAccepted(prediction, gold))
        #expect(isAccepted("So we get \\boxed{\(prediction)}.", gold))
    }

    @Test(
        "keeps what its notation means",
        arguments: [
            (#"\phantom{36}"#, "36"), (#"7\phantom{2}"#, "72"), (#"36\,\mathrm{km/h}"#, #"36\,\mathrm{m/s}"#),
            ("36 N", "36 J"),
            (#"{5 \over 6}"#, #"\frac65"#), (#"36^\circ\text{C}"#, #"36^\circ\text{F}"#), ("5m", "5n"),
            (#"5\text{ hours}"#, #"\$5"#),
            ("0.333", "1/3"), (#"0.\dot{3}"#, "3"), (#"x \equiv 3 \pmod 7"#, #"x \equiv 3 \pmod 9"#),
            (#"N \equiv 113 \pmod{1000}"#, "1000"), (#"x \equiv 5 \pmod 3"#, "5"), (#"58\text{,}500"#, "58"),
            (#"3^{\text{o}}"#, "3^0"),
        ])
    func meaning(prediction: String, gold: String) { #expect(!isAccepted(prediction, gold)) }
}

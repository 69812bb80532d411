/// The CSS of pages and pictures: a light style, a dark style, and one for print.
///
/// Colours are those of Okabe and Ito (*Color Universal Design*, 2008), which people with any kind of colour vision can tell
/// apart; the dark style has lighter ones of the same hue. Colour is never the only difference: shapes and words differ too.
enum PageStyle {
    /// The style of a page.
    static let page = palette + charts + frame

    /// The style of a picture in a file of its own.
    static let picture =
        palette + charts + "text{font-family:\(sans)}svg .title{font-size:13px;font-weight:600;fill:var(--ink)}"
        + ".page{fill:var(--page)}"

    private static let sans =
        "'Helvetica Neue',Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif"

    private static let palette = """
        :root{color-scheme:light dark;--page:#fff;--ink:#1b1b1b;--soft:#5b5f66;--rule:#d9dbdf;--faint:#eceef0;--band:#f6f7f8;
        --rl:#0072b2;--sft:#c4500a;--es:#00805c;--plain:#6b7078;--rl2:#8c4a94;--rl3:#3d8fc4;--es2:#7d7a00;--right:#00704f;--wrong:#b3420a}
        @media (prefers-color-scheme:dark){:root{--page:#15171a;--ink:#e6e7e9;--soft:#a3a8b0;--rule:#3a3e44;--faint:#282b30;
        --band:#1c1f23;--rl:#56b4e9;--sft:#f0934e;--es:#3cc79f;--plain:#9aa0a8;--rl2:#d39ad9;--rl3:#8fc7ee;--es2:#d3cf4e;--right:#4fd0a8;--wrong:#f0934e}}

        """

    private static let charts = """
        svg text{font-size:11px;fill:var(--soft);font-variant-numeric:tabular-nums}
        svg .name{fill:var(--ink)}
        .grid path{stroke:var(--faint)}.axis,.axis path{stroke:var(--soft);fill:none;stroke-width:.8}
        .rl{--c:var(--rl)}.sft{--c:var(--sft)}.es{--c:var(--es)}.plain{--c:var(--plain)}.rl2{--c:var(--rl2)}.rl3{--c:var(--rl3)}.es2{--c:var(--es2)}
        .ref{stroke:var(--c);stroke-dasharray:5 4;stroke-width:1.1;fill:none}.lead{stroke:var(--c);stroke-width:.7;fill:none}
        svg .mark{fill:var(--c)}
        .line{stroke:var(--c);stroke-width:1.3;fill:none;stroke-opacity:.55}
        .bar{stroke:var(--c);stroke-width:1;fill:none}
        .dot{fill:var(--c);stroke:var(--page);stroke-width:1}.dot.variant{fill:var(--page);stroke:var(--c);stroke-width:1.2}

        """

    private static let frame = """
        *{box-sizing:border-box}
        body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 Charter,'Bitstream Charter','Source Serif 4',Georgia,serif}
        main{max-width:1120px;margin:0 auto;padding:40px 28px 64px}
        h1{font-size:30px;line-height:1.2;font-weight:600;margin:0 0 14px}
        h2{font-size:21px;font-weight:600;margin:34px 0 12px;padding-top:10px;border-top:1px solid var(--ink)}
        h3{font-size:16px;font-weight:600;margin:30px 0 8px}
        h4{font-size:12px;font-weight:600;margin:0 0 4px;color:var(--soft)}
        a{color:inherit;text-decoration-color:var(--rl);text-underline-offset:2px}
        a:hover{color:var(--rl)}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 22px;margin:0}
        dt{color:var(--soft)}dd{margin:0}
        dl,table,.legend,.panel,.row,svg text,.answers h4,small{font-family:\(sans)}
        dl{font-size:14px}
        ul{max-width:780px;padding-left:20px;font-size:15px}li{margin:4px 0}
        figure{margin:22px 0 30px}
        figcaption{font:14px/1.45 Charter,'Bitstream Charter','Source Serif 4',Georgia,serif;color:var(--ink);text-align:left;max-width:880px}
        figcaption:first-child{margin-bottom:8px}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;font-size:12.5px;line-height:1.35;font-variant-numeric:tabular-nums lining-nums;
        border-bottom:1.5px solid var(--ink)}
        thead{border-top:1.5px solid var(--ink);border-bottom:1px solid var(--ink)}
        th{font-weight:600;vertical-align:bottom;text-align:left;padding:5px 9px 5px 0;}
        td{padding:3px 9px 3px 0;vertical-align:top;white-space:nowrap}
        th+th,td+td{padding-left:5px}th:last-child,td:last-child{padding-right:2px}
        .n{text-align:right}
        tr.control{background:var(--band)}
        tr.group td{border-top:1px solid var(--rule);padding-top:5px}
        tbody tr:hover{background:var(--faint)}
        td span[title],th[title]{cursor:help}
        sup{font-size:80%;line-height:0}small{font-size:88%;color:var(--soft)}
        .pair{display:grid;grid-template-columns:repeat(auto-fill,minmax(380px,1fr));gap:14px 24px}
        .panel{font-size:13px;font-weight:600;margin:0 0 4px 46px}
        svg{display:block;width:100%;height:auto;overflow:visible}
        .legend{display:flex;flex-wrap:wrap;gap:4px 20px;font-size:12.5px;margin:8px 0 8px 46px}
        .legend span{display:inline-flex;align-items:center;gap:5px;color:var(--ink)}
        .legend svg{width:14px;height:14px}
        .row{display:grid;grid-template-columns:180px repeat(4,minmax(0,1fr));gap:4px 18px;align-items:center;
        font-size:12px;line-height:1.35;padding:5px 0;border-bottom:1px solid var(--faint);font-variant-numeric:tabular-nums}
        .row.head{border-bottom:1px solid var(--ink);align-items:end;color:var(--soft)}.row.head b{color:var(--ink)}
        .label{color:var(--soft)}.label b{color:var(--ink)}.none{color:var(--soft)}.whole{white-space:nowrap}
        .curves figcaption{margin-top:10px}
        details summary{cursor:pointer;font-size:14px;padding:8px 0;color:var(--soft)}
        .small .base{stroke:var(--rule)}.thin{stroke:var(--c);stroke-width:1;fill:none;stroke-opacity:.8;stroke-linejoin:round}
        .answers{display:grid;grid-template-columns:1fr 1fr;gap:6px 24px;padding:10px 0;border-top:1px solid var(--rule);max-width:980px}
        .answers p{grid-column:1/-1;margin:0;font-size:15px}
        pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.45 ui-monospace,Menlo,'DejaVu Sans Mono',monospace}
        .right{color:var(--right)}.wrong{color:var(--wrong)}
        @media (max-width:700px){main{padding:24px 16px}.answers{grid-template-columns:1fr}.row{grid-template-columns:1fr 1fr}
        .row .label{grid-column:1/-1}.pair{grid-template-columns:1fr}.legend,.panel{margin-left:0}}
        @media print{:root{--page:#fff;--ink:#000;--soft:#444;--rule:#bbb;--faint:#e4e4e4;--band:#f4f4f4;--rl:#0072b2;--sft:#c4500a;
        --es:#00805c;--plain:#666;--rl2:#8c4a94;--rl3:#3d8fc4;--es2:#7d7a00;--right:#00704f;--wrong:#b3420a}
        @page{size:A4;margin:15mm 14mm}
        body{font-size:10pt}main{max-width:none;padding:0}h1{font-size:18pt}h2{font-size:13pt;margin-top:20pt}
        figcaption,ul{font-size:9pt}table{font-size:7.2pt}th,td{padding-right:5px}dl,.legend{font-size:8.5pt}
        figure,.row,.answers,tr{break-inside:avoid}figure.curves{break-inside:auto}h2,h3,.row.head,thead{break-after:avoid}
        .scroll{overflow:visible}.pair{grid-template-columns:1fr;gap:10px}.pair svg{max-width:135mm}.row{grid-template-columns:130px repeat(4,minmax(0,1fr));
        font-size:7.5pt}details{display:block}a{text-decoration:none}tr.control,.dot,svg *{print-color-adjust:exact}}
        """

    /// How the numbers were computed, for the reader of a page.
    static let reading = [
        "A run is one directory; runs that differ in the seed only are one configuration, and configurations that differ in "
            + "the learning rate only, or in what their sweep tunes, are one size. Runs that a sweep made only to choose "
            + "have no part in test results. Settings that only say how a run is looked at do not tell runs apart.",
        "Accuracy is the mean over the seeds of a configuration. Its interval comes from draws with replacement, first "
            + "of seeds and then of problems; all configurations share the draws of problems, so gains and shares are "
            + "paired. With few seeds the spread between them is understated. With one it is not in the interval at all, which is "
            + "that of an evaluation by itself: Wilson's for an accuracy, Bonett and Price's for a gain.",
        "The untrained model's interval, and that of runs that do not say which problems were right, is Wilson's.",
        "A share of the gain is the gain of a configuration divided by that of full fine-tuning in the same family of "
            + "algorithms, or by reinforcement learning where the family has none; of several with the same untrained result "
            + "the best. It has no "
            + "interval where not every draw shows a gain of full fine-tuning.",
        "McNemar's exact test asks of each seed whether the problems that changed between the untrained and the trained model "
            + "improved more often than by chance. No correction is made for the number of rows.",
        "Strict grading requires the answer in the requested format, lenient grading accepts it anywhere.",
        "Numbers name their file and line when one points at them; run numbers lead to the index at the end.",
    ]
}

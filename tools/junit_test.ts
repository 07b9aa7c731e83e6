import { assertEquals } from "@std/assert";
import { add, closingLine, countReport, NONE } from "./junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="2" errors="0" time="0.1">
    <testsuite name="./a_test.ts" tests="5" disabled="1" errors="0" failures="2">
        <testcase name="breaks" classname="./a_test.ts" time="0.002" line="1" col="6">
            <failure message="x">Error: &lt;testcase name=</failure>
        </testcase>
        <testcase name="has steps" classname="./a_test.ts" time="0.001" line="2" col="6">
            <failure message="1 test step failed."></failure>
        </testcase>
        <testcase name="has steps &gt; first" classname="./a_test.ts" time="0.000" line="2" col="40">
            <failure message="x">Error: x</failure>
        </testcase>
        <testcase name="has steps &gt; second &gt; inner" classname="./a_test.ts" time="0.000" line="2" col="40">
        </testcase>
        <testcase name="needs a GPU" classname="./a_test.ts" line="3" col="11">
            <skipped/>
        </testcase>
    </testsuite>
    <testsuite name="./b_test.ts" tests="1" disabled="0" errors="0" failures="0">
        <testcase name="2 &gt; 1" classname="./b_test.ts" time="0.000" line="2" col="40">
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("tests are counted, and their steps with them", () => {
  assertEquals(countReport(REPORT), { passed: 1, failed: 2, skipped: 1 });
});

Deno.test("a report without tests counts none", () => {
  assertEquals(countReport(`<testsuites name="deno test" tests="0" failures="0" errors="0" time="0"></testsuites>`), NONE);
});

Deno.test("the closing line names skipped tests only when there are some", () => {
  assertEquals(closingLine({ passed: 3, failed: 0, skipped: 0 }), "3 passed, 0 failed");
  assertEquals(
    closingLine(add({ passed: 3, failed: 1, skipped: 0 }, { passed: 1, failed: 0, skipped: 2 })),
    "4 passed, 1 failed, 2 skipped",
  );
});

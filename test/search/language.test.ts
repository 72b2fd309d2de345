import { expect, test } from "vitest";
import { languageOf } from "../../src/search/language.ts";

test.each([
  ["english", "Shall we meet on Thursday at ten in the small room, and look at it together?"],
  ["german", "Wollen wir uns am Donnerstag um zehn in dem kleinen Zimmer treffen und es gemeinsam ansehen?"],
  ["french", "Est-ce que nous pouvons nous retrouver jeudi à dix heures dans la petite salle pour en parler ?"],
  ["spanish", "¿Nos vemos el jueves a las diez en la sala pequeña para hablar de todo lo que hay que hacer?"],
  ["russian", "Давайте встретимся в четверг в десять часов в маленькой комнате"],
  ["russian", "Да, хорошо"],
  ["arabic", "نعم"],
  ["simple", "Yes, do"],
  ["simple", "我们明天在图书馆见面讨论计划，然后一起去吃午饭，下午再回来继续工作，晚上早点休息，后天再说"],
])("it is taken for %s: %s", (language, text) => {
  expect(languageOf(text)).toBe(language);
});
